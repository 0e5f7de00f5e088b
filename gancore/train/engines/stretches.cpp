// Stretches of an iteration that need no dispatcher: plain loops on memory that is fixed, with the bits of PyTorch's own kernels.
//
// A program is a tensor of 64-bit words, a kernel and what it takes, again and again. Addresses are of float32 unless said;
// `stretches.py` writes programs and names the kernels in this order.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include "panels.h"

extern "C" void sgemm_(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k, const float* alpha,
                       const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c,
                       const int* ldc);

namespace {

enum Kernel { PRODUCT, FILL, SHIFT, SHIFT_RELU, RELU, MASK, LEAKY, LEAKY_BACK, NEGATE, ADD, SUBTRACT, MULTIPLY, DIVIDE, COPY,
              COUNT, NARROW, WIDEN, TO_HALF, FROM_HALF, ROWS_AT, SUM_ROWS, SUM_COLUMNS, THIN, THIN_TURNED, PANELS };

struct Words {
    const int64_t* at;

    int64_t number() { return *at++; }
    float* floats() { return reinterpret_cast<float*>(*at++); }
    double* doubles() { return reinterpret_cast<double*>(*at++); }
    float real() {
        double value;
        std::memcpy(&value, at++, sizeof value);
        return static_cast<float>(value);
    }
};

// Hands: threads that take parts of one piece of work. Who brings it takes parts as well, and all that nobody has begun, so
// that a thread that gets no processor holds nobody up for longer than its one part.

class Hands {
public:
    static Hands& all() {
        static Hands* const one = new Hands;  // never taken down: its threads sleep on when the process ends
        return *one;
    }

    int wanted() const { return count; }
    int64_t helped() const { return lent; }

    void want(int n) {
        count = n;
        for (; hired < n - 1; hired++) std::thread(&Hands::serve, this, hired + 1).detach();
    }

    template <class F>
    void share(int parts, const F& work) {  // work(part) for each
        if (parts == 1 || count == 1 || busy.test_and_set()) {
            for (int part = 0; part < parts; part++) work(part);
            return;
        }
        act = [](const void* what, int part) { (*static_cast<const F*>(what))(part); };
        what = &work;
        done = 0;
        begun = ((begun >> 32) + 1) << 32 | uint64_t(parts) << 16;
        if (asleep) {
            { std::lock_guard lock(door); }
            bell.notify_all();
        }
        take();
        for (int i = 0; done < parts; i++) rest(i);
        busy.clear();
    }

private:
    std::atomic<uint64_t> begun{0};  // which work it is, of how many parts, and how many of those are begun
    std::atomic<int> count{1}, done{0}, asleep{0};
    std::atomic<int64_t> lent{0};  // parts that were taken from whoever brought the work
    std::atomic_flag busy = ATOMIC_FLAG_INIT;
    void (*act)(const void*, int) = nullptr;
    const void* what = nullptr;
    int hired = 0;
    std::mutex door;
    std::condition_variable bell;

    static bool more(uint64_t b) { return (b & 0xffff) < (b >> 16 & 0xffff); }

    static void rest(int i) {
        if (i % 1024 == 1023) std::this_thread::yield();
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }

    int take() {
        int taken = 0;
        for (uint64_t b = begun; more(b);)
            if (begun.compare_exchange_weak(b, b + 1)) {
                act(what, b & 0xffff);
                taken++;
                done++;
                b = begun;
            }
        return taken;
    }

    void serve(int me) {
        at::set_num_threads(1);
        for (;;) {
            lent += take();
            const uint64_t seen = begun;
            const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
            for (int i = 0; begun == seen && (i % 64 || std::chrono::steady_clock::now() < end); i++) rest(i);
            if (begun != seen && me < count) continue;
            std::unique_lock lock(door);
            asleep++;
            bell.wait(lock, [&] { return begun != seen && me < count; });
            asleep--;
        }
    }
};

constexpr int64_t PIECE = 1 << 18, LINE = 16;  // products of two numbers that are worth another thread; a cache line of numbers

template <class F>
void in_parts(int64_t n, int64_t work, const F& f) {  // f(from, to) over n things that make so much work
    const int64_t parts = work < PIECE ? 1 : Hands::all().wanted(), some = (n + parts * LINE - 1) / (parts * LINE) * LINE;
    Hands::all().share((n + some - 1) / some, [&](int part) { f(part * some, std::min(n, (part + 1) * some)); });
}

using Multiply = void (*)(bool, bool, int64_t, int64_t, int64_t, const float*, int64_t, const float*, int64_t, bool, float*,
                          int64_t);

void blas(bool a_turned, bool b_turned, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
          int64_t ldb, bool adds, float* c, int64_t ldc) {
    const int sizes[] = {int(m), int(n), int(k), int(lda), int(ldb), int(ldc)};
    const float one = 1, beta = adds;
    sgemm_(a_turned ? "t" : "n", b_turned ? "t" : "n", sizes, sizes + 1, sizes + 2, &one, a, sizes + 3, b, sizes + 4, &beta, c,
           sizes + 5);
}

void product(Words& w, Multiply multiply) {
    const bool ta = w.number(), tb = w.number();
    const int64_t m = w.number(), n = w.number(), k = w.number();
    const float* a = w.floats(); const int64_t lda = w.number();
    const float* b = w.floats(); const int64_t ldb = w.number();
    const bool adds = w.number();
    float* c = w.floats(); const int64_t ldc = w.number();
    if (n >= m)
        in_parts(n, m * n * k, [&](int64_t from, int64_t to) {
            multiply(ta, tb, m, to - from, k, a, lda, b + from * (tb ? 1 : ldb), ldb, adds, c + from * ldc, ldc);
        });
    else
        in_parts(m, m * n * k, [&](int64_t from, int64_t to) {
            multiply(ta, tb, to - from, n, k, a + from * (ta ? lda : 1), lda, b, ldb, adds, c + from, ldc);
        });
}

// Two to four columns, for which BLAS has a loop of one number at a time: each sum from its first term to its last, unfused.

template <int N, int W>
void thin_block(const float* x, int64_t step, const float* y, int64_t k, int64_t m, float* out) {
    float sum[N][W] = {};
    for (int64_t l = 0; l < k; l++)
        for (int j = 0; j < N; j++) {
            const float one = y[l * N + j];
            for (int i = 0; i < W; i++) sum[j][i] += x[l * step + i] * one;
        }
    for (int64_t i = 0; i < m; i++)
        for (int j = 0; j < N; j++) out[i * N + j] = sum[j][i];
}

template <int N>
void thin(const float* x, const float* y, float* out, int64_t m, int64_t k, bool turned) {  // x (m, k), or turned (k, m)
    constexpr int W = 32;
    static thread_local std::vector<float> lines;
    lines.assign(k * W, 0);
    for (int64_t i = 0; i < m; i += W) {
        const int64_t some = std::min<int64_t>(W, m - i);
        if (turned && some == W) {
            thin_block<N, W>(x + i, m, y, k, W, out + i * N);
            continue;
        }
        for (int64_t r = 0; r < some; r++)
            for (int64_t l = 0; l < k; l++) lines[l * W + r] = turned ? x[l * m + i + r] : x[(i + r) * k + l];
        thin_block<N, W>(lines.data(), W, y, k, some, out + i * N);
    }
}

void thin(Words& w, bool turned) {
    const float *x = w.floats(), *y = w.floats();
    float* out = w.floats();
    const int64_t m = w.number(), n = w.number(), k = w.number();
    if (n == 2) thin<2>(x, y, out, m, k, turned);
    if (n == 3) thin<3>(x, y, out, m, k, turned);
    if (n == 4) thin<4>(x, y, out, m, k, turned);
}

// Numbers one by one; what a comparison with NaN decides is what PyTorch's kernels decide.

template <class F>
void each(Words& w, F f) {
    const float* x = w.floats();
    float* out = w.floats();
    const int64_t n = w.number();
    in_parts(n, n, [=](int64_t from, int64_t to) {
#pragma GCC ivdep
        for (int64_t i = from; i < to; i++) out[i] = f(x[i]);
    });
}

template <class F>
void both(Words& w, F f) {
    const float *x = w.floats(), *y = w.floats();
    float* out = w.floats();
    const int64_t n = w.number(), x_step = w.number(), y_step = w.number();  // a step of 0: one number for all
    in_parts(n, n, [=](int64_t from, int64_t to) {
        if (!y_step) {
            const float one = *y;
#pragma GCC ivdep
            for (int64_t i = from; i < to; i++) out[i] = f(x[i], one);
        } else if (!x_step) {
            const float one = *x;
#pragma GCC ivdep
            for (int64_t i = from; i < to; i++) out[i] = f(one, y[i]);
        } else {
#pragma GCC ivdep
            for (int64_t i = from; i < to; i++) out[i] = f(x[i], y[i]);
        }
    });
}

template <class F>
void rows(Words& w, F f) {  // one row of numbers against every row
    const float* one = w.floats();
    float* out = w.floats();
    const int64_t m = w.number(), n = w.number();
    for (int64_t i = 0; i < m; i++, out += n) {
#pragma GCC ivdep
        for (int64_t j = 0; j < n; j++) out[j] = f(out[j], one[j]);
    }
}

inline float relu(float x) { return 0 > x ? 0 : x; }

void widen(Words& w) {
    const uint8_t* x = reinterpret_cast<const uint8_t*>(w.number());
    float* out = w.floats();
    const int64_t n = w.number();
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) out[i] = x[i];
}

// bfloat16 is the upper half of a float32; to the nearest one, to the even one of two.

void to_half(Words& w) {
    const float* x = w.floats();
    uint16_t* out = reinterpret_cast<uint16_t*>(w.number());
    const int64_t n = w.number();
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        std::memcpy(&bits, x + i, sizeof bits);
        const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        out[i] = (bits & 0x7fffffff) > 0x7f800000 ? 0xffff : rounded;
    }
}

void from_half(Words& w) {
    const uint16_t* x = reinterpret_cast<const uint16_t*>(w.number());
    float* out = w.floats();
    const int64_t n = w.number();
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = uint32_t{x[i]} << 16;
        std::memcpy(out + i, &bits, sizeof bits);
    }
}

void rows_at(Words& w) {  // rows of so many bytes, by their numbers
    const char* x = reinterpret_cast<const char*>(w.number());
    const int64_t* which = reinterpret_cast<const int64_t*>(w.number());
    char* out = reinterpret_cast<char*>(w.number());
    const int64_t n = w.number(), bytes = w.number(), distance = w.number();
    if (bytes == sizeof(float))
        for (int64_t i = 0; i < n; i++) std::memcpy(out + i * sizeof(float), x + which[i] * distance, sizeof(float));
    else
        for (int64_t i = 0; i < n; i++) std::memcpy(out + i * bytes, x + which[i] * distance, bytes);
}

// Sums in PyTorch's order (aten/src/ATen/native/cpu/SumKernel.cpp): cascades of four levels over K rows and W columns.

constexpr int LEVELS = 4, WIDTH = 8;

inline int log2_up(int64_t x) {
    int power = 0;
    while ((int64_t{1} << power) < x) power++;
    return power;
}

template <int K, int W>
void cascade(const float* x, int64_t step, int64_t beside, int64_t size, float (&sum)[K][W]) {
    const int power = std::max(4, log2_up(size) / LEVELS);
    const int64_t block = int64_t{1} << power;
    float level[LEVELS][K][W] = {};
    const auto take = [&](int64_t i) {
        for (int k = 0; k < K; k++)
            for (int j = 0; j < W; j++) level[0][k][j] += x[i * step + k * beside + j];
    };
    const auto raise = [&](int from, int to) {
        for (int k = 0; k < K; k++)
            for (int j = 0; j < W; j++) level[to][k][j] += level[from][k][j];
    };
    int64_t i = 0;
    while (i + block <= size) {
        for (const int64_t end = i + block; i < end; i++) take(i);
        for (int l = 1; l < LEVELS; l++) {
            raise(l - 1, l);
            std::memset(level[l - 1], 0, sizeof level[l - 1]);
            if (i & ((block - 1) << (l * power))) break;
        }
    }
    for (; i < size; i++) take(i);
    for (int l = 1; l < LEVELS; l++) raise(l, 0);
    std::memcpy(sum, level[0], sizeof sum);
}

template <int W>
void four_rows(const float* x, int64_t step, int64_t size, float (&sum)[1][W]) {
    float part[4][W];
    cascade<4, W>(x, 4 * step, step, size / 4, part);
    for (int64_t i = size / 4 * 4; i < size; i++)
        for (int j = 0; j < W; j++) part[0][j] += x[i * step + j];
    for (int k = 1; k < 4; k++)
        for (int j = 0; j < W; j++) part[0][j] += part[k][j];
    std::memcpy(sum, part[0], sizeof sum);
}

void sum_rows(Words& w) {  // of m rows of n numbers each row's sum, or their mean
    const float* x = w.floats();
    float* out = w.floats();
    const int64_t m = w.number(), n = w.number();
    const float share = w.real();
    for (int64_t i = 0; i < m; i++, x += n) {
        float sum[1][WIDTH], all = 0;
        four_rows<WIDTH>(x, WIDTH, n / WIDTH, sum);
        for (int64_t j = n / WIDTH * WIDTH; j < n; j++) all += x[j];
        for (int j = 0; j < WIDTH; j++) all += sum[0][j];
        out[i] = (0 + all) / share;
    }
}

void sum_columns(Words& w) {  // of m rows of n numbers the sum of all rows
    const float* x = w.floats();
    float* out = w.floats();
    const int64_t m = w.number(), n = w.number();
    int64_t j = 0;
    for (; j + 4 * WIDTH <= n; j += 4 * WIDTH) {
        float sum[1][4 * WIDTH];
        cascade<1, 4 * WIDTH>(x + j, n, 0, m, sum);
        for (int i = 0; i < 4 * WIDTH; i++) out[j + i] = 0 + sum[0][i];
    }
    for (; j + WIDTH <= n; j += WIDTH) {
        float sum[1][WIDTH];
        four_rows<WIDTH>(x + j, n, m, sum);
        for (int i = 0; i < WIDTH; i++) out[j + i] = 0 + sum[0][i];
    }
    for (; j < n; j++) {
        float sum[1][1];
        four_rows<1>(x + j, n, m, sum);
        out[j] = 0 + sum[0][0];
    }
}

void stretch(const at::Tensor& program) {
    Words w{program.const_data_ptr<int64_t>()};
    const int64_t* end = w.at + program.numel();
    while (w.at < end) {
        switch (w.number()) {
            case PRODUCT: product(w, blas); break;
            case PANELS: product(w, panels::product); break;
            case FILL: rows(w, [](float, float one) { return one; }); break;
            case SHIFT: rows(w, [](float x, float one) { return x + one; }); break;
            case SHIFT_RELU: rows(w, [](float x, float one) { return relu(x + one); }); break;
            case RELU: each(w, relu); break;
            case MASK: both(w, [](float slope, float y) { return y <= 0 ? 0 : slope; }); break;
            case LEAKY: { const float leak = w.real(); each(w, [=](float x) { return x * (x > 0 ? 1 : leak); }); break; }
            case LEAKY_BACK: {
                const float leak = w.real();
                both(w, [=](float slope, float x) { return slope * (x > 0 ? 1 : leak); });
                break;
            }
            case NEGATE: each(w, [](float x) { return -x; }); break;
            case ADD: both(w, [](float x, float y) { return x + y; }); break;
            case SUBTRACT: both(w, [](float x, float y) { return x - y; }); break;
            case MULTIPLY: both(w, [](float x, float y) { return x * y; }); break;
            case DIVIDE: both(w, [](float x, float y) { return x / y; }); break;
            case COPY: { const float* x = w.floats(); float* out = w.floats(); std::memcpy(out, x, w.number()); break; }
            case COUNT: { const double *x = w.doubles(), *y = w.doubles(); *w.doubles() = *x + *y; break; }
            case NARROW: { const double* x = w.doubles(); *w.floats() = static_cast<float>(*x); break; }
            case WIDEN: widen(w); break;
            case TO_HALF: to_half(w); break;
            case FROM_HALF: from_half(w); break;
            case ROWS_AT: rows_at(w); break;
            case SUM_ROWS: sum_rows(w); break;
            case SUM_COLUMNS: sum_columns(w); break;
            case THIN: thin(w, false); break;
            case THIN_TURNED: thin(w, true); break;
        }
    }
}

// Chance: the words of a generator's Mersenne twister (ATen/core/MT19937RNGEngine.h), a block at a time, where PyTorch takes one by
// one. Who draws on finds the generator where PyTorch would have left it.

using Stream = std::optional<at::Generator>;

class Twister {
public:
    explicit Twister(const Stream& generator)
        : owner(at::check_generator<at::CPUGeneratorImpl>(generator)), lock(owner->mutex_), engine(owner->engine()),
          state(engine.data()) {}

    ~Twister() {
        engine.set_data(state);
        owner->set_engine(engine);
    }

    void words(uint32_t* out, int64_t n) {
        while (n) {
            if (state.left_ == 1) twist();  // not before a word is wanted
            const int64_t some = std::min<int64_t>(n, state.left_ - 1);
            const uint32_t* from = state.state_.data() + state.next_;
#pragma GCC ivdep
            for (int64_t i = 0; i < some; i++) {
                uint32_t y = from[i];
                y ^= y >> 11;
                y ^= y << 7 & 0x9d2c5680;
                y ^= y << 15 & 0xefc60000;
                out[i] = y ^ y >> 18;
            }
            state.left_ -= some;
            state.next_ += some;
            out += some;
            n -= some;
        }
    }

private:
    at::CPUGeneratorImpl* owner;
    std::lock_guard<std::mutex> lock;
    at::mt19937 engine;
    at::mt19937_data_pod state;

    void twist() {
        constexpr int N = at::MERSENNE_STATE_N, M = at::MERSENNE_STATE_M;
        uint32_t* x = state.state_.data();
        const auto mixed = [](uint32_t u, uint32_t v) {
            return ((u & at::UMASK) | (v & at::LMASK)) >> 1 ^ (-(v & 1) & at::MATRIX_A);
        };
        for (int i = 0; i < N - M; i++) x[i] = x[i + M] ^ mixed(x[i], x[i + 1]);
        for (int i = N - M; i < N - 1; i++) x[i] = x[i + M - N] ^ mixed(x[i], x[i + 1]);
        x[N - 1] = x[M - 1] ^ mixed(x[N - 1], x[0]);
        state.left_ = N + 1;
        state.next_ = 0;
    }
};

template <int W, class F>
void draw(const at::Tensor& out, const Stream& generator, F f) {  // each number from W words
    constexpr int SOME = 624;
    alignas(64) uint32_t words[SOME * W];
    Twister chance(generator);
    float* to = out.mutable_data_ptr<float>();
    for (int64_t left = out.numel(); left > 0; left -= SOME, to += SOME) {
        const int n = std::min<int64_t>(left, SOME);
        chance.words(words, n * W);
#pragma GCC ivdep
        for (int i = 0; i < n; i++) to[i] = f(words + i * W);
    }
}

void bernoulli(const at::Tensor& out, double p, const Stream& generator) {  // 53 bits of two words, below p
    const int64_t below = std::ceil(std::ldexp(p, 53));
    draw<2>(out, generator, [=](const uint32_t* w) {
        return float(int64_t((uint64_t{w[0]} << 32 | w[1]) & ((uint64_t{1} << 53) - 1)) < below);
    });
}

void uniform(const at::Tensor& out, const Stream& generator) {  // 24 bits of a word
    draw<1>(out, generator, [](const uint32_t* w) { return float(int32_t(*w & ((1 << 24) - 1))) * (1.0f / (1 << 24)); });
}

void hands(int64_t n) { Hands::all().want(n); }

int64_t helped() { return Hands::all().helped(); }

void shared(bool begins) {  // what comes between two of these PyTorch shares among its own threads
    if (Hands::all().wanted() > 1) at::set_num_threads(begins ? Hands::all().wanted() : 1);
}

}  // namespace

// They do what their schemas do not tell: TorchScript may neither drop nor move them.
TORCH_LIBRARY(gancore, library) {
    library.def(torch::schema("stretch(Tensor program) -> ()", c10::AliasAnalysisKind::CONSERVATIVE));
    library.def(torch::schema("shared(bool begins) -> ()", c10::AliasAnalysisKind::CONSERVATIVE), shared);
    library.def(
        torch::schema("bernoulli(Tensor out, float p, Generator? generator) -> ()", c10::AliasAnalysisKind::CONSERVATIVE));
    library.def(torch::schema("uniform(Tensor out, Generator? generator) -> ()", c10::AliasAnalysisKind::CONSERVATIVE));
    library.def("hands(int n) -> ()", hands);
    library.def("helped() -> int", helped);
    library.def("panels() -> bool", [] { return panels::HERE; });
}
TORCH_LIBRARY_IMPL(gancore, CPU, library) {
    library.impl("stretch", stretch);
    library.impl("bernoulli", bernoulli);
    library.impl("uniform", uniform);
}
