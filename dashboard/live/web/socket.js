// Keeps a WebSocket to one run open, and says when it cannot.

const FIRST_TRIES = 3;
const FIRST_SECONDS = 4; // after which the page draws by itself
const HANGING = 2500; // ms after which a try counts as failed
const LONGEST_WAIT = 8000; // ms

export class Socket {
  /** `hears` has frame(buffer), said(message), opened(), lost(tries) and blocked(). */
  constructor(url, hears) {
    Object.assign(this, { url, hears, early: [], tries: 0, opened: false, closed: false, began: performance.now() });
    this.connect();
  }

  connect() {
    this.tries += 1;
    const socket = (this.socket = new WebSocket(this.url));
    socket.binaryType = "arraybuffer";
    const hanging = setTimeout(() => socket.close(), HANGING);
    socket.onopen = () => {
      clearTimeout(hanging);
      [this.opened, this.tries] = [true, 0];
      for (const message of this.early.splice(0)) this.send(message);
      this.hears.opened();
    };
    socket.onmessage = ({ data }) => {
      if (this.closed) return;
      if (typeof data === "string") this.hears.said(JSON.parse(data));
      else this.hears.frame(data);
    };
    socket.onclose = () => {
      clearTimeout(hanging);
      if (!this.closed) this.again();
    };
  }

  again() {
    const waited = (performance.now() - this.began) / 1000;
    if (!this.opened && (this.tries >= FIRST_TRIES || waited > FIRST_SECONDS)) return this.close(), this.hears.blocked();
    if (this.opened) this.hears.lost(this.tries);
    const wait = this.opened ? Math.min(500 * 2 ** this.tries, LONGEST_WAIT) * (0.75 + Math.random() / 2) : 1500;
    this.timer = setTimeout(() => this.connect(), wait);
  }

  /** What comes before the first opening is sent then: whoever presses Play on a page that has just come is heard. */
  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    else if (!this.opened && !this.closed) this.early.push(message);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket.close();
  }
}
