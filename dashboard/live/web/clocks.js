// Where the clocks of one run stand together: its iterations, its D updates, and the milliseconds that it was trained.

export const ITERATION = 0;
export const COLUMNS = { iteration: ITERATION, d_updates: 1, seconds: 2 };
const MOST = 4000; // moments remembered of a run that plays; then every second one goes
const BACK = 8; // moments from which what is to come is judged

export class Clocks {
  /** `table` has rows [iteration, D updates, seconds] in order of time, from the start on. */
  constructor(table = [[0, 0, 0]]) {
    this.rows = table.map(([iteration, d_updates, seconds]) => [iteration, d_updates, 1000 * seconds]);
  }

  /** Takes in where the run stands now. */
  add(iteration, d_updates, seconds) {
    const last = this.rows.at(-1);
    if (iteration <= last[0]) return;
    this.rows.push([iteration, Math.max(d_updates, last[1]), Math.max(1000 * seconds, last[2])]);
    if (this.rows.length > MOST) this.rows = this.rows.filter((_, at) => at % 2 === 0 || at > MOST - BACK);
  }

  /** What the clock of column `to` says when that of column `from` says `value`; what is to come is taken to go on as it went. */
  read(value, from, to) {
    if (from === to || !this.rows.length) return value;
    const { rows } = this;
    let [low, high] = [0, rows.length - 1];
    if (value > rows[high][from]) low = Math.max(0, high - BACK);
    else
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (rows[middle][from] <= value) low = middle;
        else high = middle;
      }
    const [a, b] = [rows[low], rows[high]];
    const span = b[from] - a[from];
    return span > 0 ? a[to] + ((value - a[from]) / span) * (b[to] - a[to]) : b[to] + (from === ITERATION ? 0 : value - b[from]);
  }
}
