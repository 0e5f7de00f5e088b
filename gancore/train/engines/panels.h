// Products of matrices with the sums of MKL where that knows no more than AVX2 (other makers' processors), on AVX-512.
//
// Columns first, as BLAS counts. A sum goes from its first term to its last, fused, in blocks of so many terms; each block
// begins at nothing and is added to what is there. In between all is as in Goto & van de Geijn 2008: of either factor
// panels lie in order, of the first so small a one that it stays in the nearest cache; a tile of the result is in registers.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace panels {

constexpr int DEEP = 192;  // terms of a sum in one block; of a sum shorter than two of them, half of all

inline int64_t block(int64_t k) { return k <= DEEP || k >= 2 * DEEP ? DEEP : k / 2; }

#if defined(__AVX512F__)

constexpr bool HERE = true;
constexpr int LANES = 16, TALL = 2 * LANES, WIDE = 14;  // numbers in a register; rows and columns of a tile at most

inline __mmask16 first(int64_t n) { return n >= LANES ? __mmask16(-1) : __mmask16((1 << n) - 1); }

template <int T, int J>  // a tile of T registers by J columns; of the last register `some` rows are there
void tile(const float* a, const float* b, int64_t k, float* c, int64_t ldc, bool adds, __mmask16 some) {
    __m512 sum[J][T];
    for (int j = 0; j < J; j++)
        for (int t = 0; t < T; t++) sum[j][t] = _mm512_setzero_ps();
    for (int64_t l = 0; l < k; l++, a += T * LANES, b += J) {
        __m512 line[T];
        for (int t = 0; t < T; t++) line[t] = _mm512_load_ps(a + t * LANES);
#pragma GCC unroll 14
        for (int j = 0; j < J; j++) {
            const __m512 one = _mm512_set1_ps(b[j]);
#pragma GCC unroll 2
            for (int t = 0; t < T; t++) sum[j][t] = _mm512_fmadd_ps(line[t], one, sum[j][t]);
        }
    }
#pragma GCC unroll 14
    for (int j = 0; j < J; j++)
#pragma GCC unroll 2
        for (int t = 0; t < T; t++) {
            float* out = c + j * ldc + t * LANES;
            const __mmask16 rows = t == T - 1 ? some : first(LANES);
            const __m512 before = adds ? _mm512_maskz_loadu_ps(rows, out) : _mm512_setzero_ps();  // 0 + -0 is 0
            _mm512_mask_storeu_ps(out, rows, _mm512_add_ps(before, sum[j][t]));
        }
}

using Tile = void (*)(const float*, const float*, int64_t, float*, int64_t, bool, __mmask16);

template <int T, int... J>
constexpr std::array<Tile, sizeof...(J)> tiles(std::integer_sequence<int, J...>) {
    return {tile<T, J + 1>...};
}

constexpr std::array<Tile, WIDE> TILES[] = {tiles<1>(std::make_integer_sequence<int, WIDE>()),
                                            tiles<2>(std::make_integer_sequence<int, WIDE>())};

inline void turn(__m512 (&x)[LANES]) {  // rows become columns
    __m512 y[LANES];
    const auto pairs = [](__m512 a) { return _mm512_castps_pd(a); };
    for (int i = 0; i < LANES; i += 2) {
        y[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
        y[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4)
        for (int h = 0; h < 2; h++) {
            x[i + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(pairs(y[i + h]), pairs(y[i + h + 2])));
            x[i + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(pairs(y[i + h]), pairs(y[i + h + 2])));
        }
    for (int i = 0; i < 4; i++)
        for (int h = 0; h < LANES; h += 8) {
            y[i + h] = _mm512_shuffle_f32x4(x[i + h], x[i + h + 4], 0x88);
            y[i + h + 4] = _mm512_shuffle_f32x4(x[i + h], x[i + h + 4], 0xdd);
        }
    for (int i = 0; i < 8; i++) {
        x[i] = _mm512_shuffle_f32x4(y[i], y[i + 8], 0x88);
        x[i + 8] = _mm512_shuffle_f32x4(y[i], y[i + 8], 0xdd);
    }
}

inline void tall(const float* a, int64_t lda, bool turned, int64_t m, int64_t k, int T, float* to) {  // of the first factor
    for (int t = 0; t < T; t++, a += LANES * (turned ? lda : 1), m -= LANES, to += LANES) {
        if (!turned) {
            for (int64_t l = 0; l < k; l++)
                _mm512_store_ps(to + l * T * LANES, _mm512_maskz_loadu_ps(first(m), a + l * lda));
            continue;
        }
        for (int64_t l = 0; l < k; l += LANES) {
            __m512 x[LANES];
            for (int i = 0; i < LANES; i++)
                x[i] = i < m ? _mm512_maskz_loadu_ps(first(k - l), a + i * lda + l) : _mm512_setzero_ps();
            turn(x);
            for (int i = 0; i < std::min<int64_t>(LANES, k - l); i++) _mm512_store_ps(to + (l + i) * T * LANES, x[i]);
        }
    }
}

inline void wide(const float* b, int64_t ldb, bool turned, int64_t k, int64_t n, float* to) {  // of the second
    for (int64_t j = 0; j < n; j++)
        for (int64_t l = 0; l < k; l++) to[l * n + j] = turned ? b[l * ldb + j] : b[j * ldb + l];
}

inline void product(bool a_turned, bool b_turned, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
                    int64_t ldb, bool adds, float* c, int64_t ldc) {
    static thread_local std::vector<float> second;
    alignas(64) float panel[DEEP * TALL];
    const int64_t panels = (n + WIDE - 1) / WIDE, deep = block(k);
    for (int64_t l = 0; l < k; l += deep, adds = true) {
        const int64_t some = std::min(deep, k - l);
        const auto each = [&](const auto& act) {  // panels of the second factor, of one width as far as that goes
            for (int64_t p = 0; p < panels; p++) {
                const int64_t from = n * p / panels;
                act(from, n * (p + 1) / panels - from);
            }
        };
        if (second.size() < size_t(some * n)) second.resize(some * n);
        each([&](int64_t from, int64_t columns) {
            wide(b + (b_turned ? l * ldb + from : from * ldb + l), ldb, b_turned, some, columns, second.data() + from * some);
        });
        for (int64_t i = 0; i < m; i += TALL) {
            const int T = m - i > LANES ? 2 : 1;
            tall(a + (a_turned ? i * lda + l : l * lda + i), lda, a_turned, m - i, some, T, panel);
            each([&](int64_t from, int64_t columns) {
                TILES[T - 1][columns - 1](panel, second.data() + from * some, some, c + from * ldc + i, ldc, adds,
                                          first(m - i - (T - 1) * LANES));
            });
        }
    }
}

#else

constexpr bool HERE = false;

inline void product(bool, bool, int64_t, int64_t, int64_t, const float*, int64_t, const float*, int64_t, bool, float*, int64_t) {}

#endif

}  // namespace panels
