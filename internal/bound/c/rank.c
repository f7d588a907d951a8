// What a batch of rows costs in C: the log-odds of logistic regression, of a factorization machine and
// of a DeepFM, in the vectors of this machine, for one model and one batch. It is the bound of
// freshet bench rank.
//
// Input, little-endian: 32-bit rows, fields, dim (a multiple of 16), weights, layers, entries, and for
// each layer in and out (in a multiple of 16, out of 32 or, of the last, 1); for each field 1 if it is of
// the item; then floats: bias, weights, vectors, for each layer weights by output and biases; then
// entries: index (32-bit), value (float), ends by row and field (32-bit). After that lines of commands:
// "NAME REPETITIONS" answers the least and the middle nanoseconds of one pass, "scores NAME" with the
// odds as floats. NAME is lr, fm, deepfm, shared (a DeepFM whose fields that are not of the item are
// added up before, for all rows) or halves (with those of the items, too).

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#ifdef __AVX512F__
enum { LANES = 16, TILE = 12 };
#else
enum { LANES = 8, TILE = 6 };
#endif
enum { PANEL = 2 * LANES };
typedef float vec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t bits __attribute__((vector_size(4 * LANES), aligned(4)));

static inline vec relu(vec v) { return (vec)((bits)v & (v > (vec){0})); }

static uint32_t rows, fields, dim, nweights, nlayers, nentries;
static uint32_t *in, *out, *item, *index_, *ends;
static float bias, *weights, *vectors, *value, *odds;
static float **packed, **biases; // by layer: panels of PANEL outputs, biases

static void die(const char *why) {
	fprintf(stderr, "rank.c: %s\n", why);
	exit(1);
}

static void *take(size_t n) {
	void *p = aligned_alloc(64, (n + 4096) / 64 * 64);
	if (!p) die("no memory");
	memset(p, 0, (n + 4096) / 64 * 64);
	return p;
}

static void *get(size_t n) {
	void *p = take(4 * n);
	if (fread(p, 4, n, stdin) != n) die("the input is too short");
	return p;
}

static inline float total(vec v) {
#ifdef __AVX512F__
	return _mm512_reduce_add_ps((__m512)v);
#else
	float sum = 0;
	for (int i = 0; i < LANES; i++) sum += v[i];
	return sum;
#endif
}

static void linear(void) {
	for (uint32_t r = 0, e = 0; r < rows; r++) {
		float s[4] = {bias, 0, 0, 0};
		uint32_t end = ends[(r + 1) * fields - 1];
		for (; e + 4 <= end; e += 4)
			for (int j = 0; j < 4; j++) s[j] += weights[index_[e + j]] * value[e + j];
		for (; e < end; e++) s[0] += weights[index_[e]] * value[e];
		odds[r] = (s[0] + s[1]) + (s[2] + s[3]);
	}
}

static void fm(void) {
	linear();
	for (uint32_t r = 0, e = 0; r < rows; r++) {
		uint32_t end = ends[(r + 1) * fields - 1];
		float all = 0;
		for (uint32_t d = 0; d < dim; d += LANES) {
			vec sum = {0}, squares = {0};
			for (uint32_t i = e; i < end; i++) {
				vec part = *(vec *)(vectors + (size_t)index_[i] * dim + d) * value[i];
				sum += part;
				squares += part * part;
			}
			all += total(sum * sum - squares);
		}
		e = end;
		odds[r] += all / 2;
	}
}

// gather is fm of n rows from row r on, which leaves the vectors of the fields in x.
static uint32_t gather(uint32_t r, uint32_t n, uint32_t e, float *x, size_t apart) {
	for (uint32_t i = r; i < r + n; i++, x += apart) {
		float all = 0;
		uint32_t first = e;
		for (uint32_t d = 0; d < dim; d += LANES) {
			vec sum = {0}, squares = {0};
			e = first;
			for (uint32_t f = 0; f < fields; f++) {
				vec field = {0};
				for (uint32_t end = ends[i * fields + f]; e < end; e++) {
					vec part = *(vec *)(vectors + (size_t)index_[e] * dim + d) * value[e];
					field += part;
					squares += part * part;
				}
				sum += field;
				*(vec *)(x + f * dim + d) = field;
			}
			all += total(sum * sum - squares);
		}
		odds[i] += all / 2;
	}
	return e;
}

#define TILES(name, n)                                                                             \
	static void name(int k, const float *x, size_t apart, const float *w, const float *b, float *y, size_t to) { \
		vec sum[n][2];                                                                                \
		for (int r = 0; r < n; r++) sum[r][0] = *(vec *)b, sum[r][1] = *(vec *)(b + LANES);          \
		for (int p = 0; p < k; p++, w += PANEL) {                                                     \
			vec w0 = *(vec *)w, w1 = *(vec *)(w + LANES);                                                \
			_Pragma("GCC unroll 16") for (int r = 0; r < n; r++) {                                       \
				vec v = x[r * apart + p] - (vec){0};                                                        \
				sum[r][0] += v * w0;                                                                        \
				sum[r][1] += v * w1;                                                                        \
			}                                                                                            \
		}                                                                                             \
		_Pragma("GCC unroll 16") for (int r = 0; r < n; r++) {                                        \
			*(vec *)(y + r * to) = relu(sum[r][0]);                                 \
			*(vec *)(y + r * to + LANES) = relu(sum[r][1]);                         \
		}                                                                                             \
	}
TILES(tile, TILE)
TILES(tile1, 1)

static void layer(uint32_t k, uint32_t outs, const float *w, const float *from, uint32_t n, const float *x, size_t apart, float *y) {
	for (uint32_t o = 0; o < outs; o += PANEL) {
		uint32_t r = 0;
		for (; r + TILE <= n; r += TILE) tile(k, x + r * apart, apart, w + (size_t)o * k, from + o, y + r * outs + o, outs);
		for (; r < n; r++) tile1(k, x + r * apart, apart, w + (size_t)o * k, from + o, y + r * outs + o, outs);
	}
}

static float *first, *a, *b; // rows of the input and of layers

enum { BLOCK = 4 * TILE };

// above takes n rows of layer l's input through the rest and adds what comes out.
static void above(uint32_t l, uint32_t r, uint32_t n, float *x, size_t apart) {
	for (; l + 1 < nlayers; l++) {
		float *y = x == a ? b : a;
		layer(in[l], out[l], packed[l], biases[l], n, x, apart, y);
		x = y, apart = out[l];
	}
	for (uint32_t i = 0; i < n; i++) {
		vec sum = {0};
		for (uint32_t p = 0; p < in[l]; p += LANES) sum += *(vec *)(x + i * apart + p) * *(vec *)(packed[l] + p);
		odds[r + i] += total(sum) + biases[l][0];
	}
}

static void deepfm(void) {
	linear();
	size_t apart = in[0] + 16;
	for (uint32_t r = 0, e = 0; r < rows; r += BLOCK) {
		uint32_t n = rows - r < BLOCK ? rows - r : BLOCK;
		e = gather(r, n, e, first, apart);
		above(0, r, n, first, apart);
	}
}

// The halves of a row: sums of the first layer, sums of vectors, and of their squares and the linear
// part one number each. The fields that are not of the item are those of row 0 in all rows.
static float *halves_, *shared;
static size_t wide;

static void half(uint32_t r, int of, float *h) {
	uint32_t e = r ? ends[r * fields - 1] : 0;
	float *x = take(4 * in[0]), *sums = h + out[0], squares = 0, plain = 0;
	for (uint32_t f = 0; f < fields; f++)
		for (uint32_t end = ends[r * fields + f]; e < end; e++) {
			if ((int)item[f] != of) continue;
			plain += weights[index_[e]] * value[e];
			for (uint32_t d = 0; d < dim; d++) {
				float part = vectors[(size_t)index_[e] * dim + d] * value[e];
				x[f * dim + d] += part, sums[d] += part, squares += part * part;
			}
		}
	for (uint32_t o = 0; o < out[0]; o++) {
		h[o] = of ? 0 : biases[0][o]; // the bias is shared
		for (uint32_t p = 0; p < in[0]; p++) h[o] += x[p] * packed[0][o / PANEL * PANEL * in[0] + p * PANEL + o % PANEL];
	}
	h[out[0] + dim] = squares, h[out[0] + dim + 1] = plain;
	free(x);
}

static void halves(void) {
	for (uint32_t r = 0; r < rows; r += BLOCK) {
		uint32_t n = rows - r < BLOCK ? rows - r : BLOCK;
		for (uint32_t i = 0; i < n; i++) {
			const float *h = halves_ + (r + i) * wide;
			vec squares = {0};
			for (uint32_t o = 0; o < out[0]; o += LANES) {
				vec v = *(vec *)(h + o) + *(vec *)(shared + o);
				*(vec *)(a + i * out[0] + o) = relu(v);
			}
			h += out[0];
			const float *s = shared + out[0];
			for (uint32_t d = 0; d < dim; d += LANES) {
				vec v = *(vec *)(h + d) + *(vec *)(s + d);
				squares += v * v;
			}
			odds[r + i] = bias + h[dim + 1] + s[dim + 1] + (total(squares) - (h[dim] + s[dim])) / 2;
		}
		above(1, r, n, a, out[0]);
	}
}

// shared_ is deepfm of rows that have all but the item's fields in common.
static float *item_packed;
static uint32_t nitem;

static void shared_(void) {
	uint32_t k = nitem * dim;
	size_t apart = k + 16;
	const float *with = shared + out[0];
	for (uint32_t r = 0; r < rows; r += BLOCK) {
		uint32_t n = rows - r < BLOCK ? rows - r : BLOCK;
		for (uint32_t i = r; i < r + n; i++) {
			float all = 0, plain = with[dim + 1];
			for (uint32_t d = 0; d < dim; d += LANES) {
				vec sum = *(vec *)(with + d), squares = {0};
				float *x = first + (i - r) * apart + d;
				for (uint32_t f = 0; f < fields; f++) {
					if (!item[f]) continue;
					vec field = {0};
					for (uint32_t e = i + f ? ends[i * fields + f - 1] : 0; e < ends[i * fields + f]; e++) {
						vec part = *(vec *)(vectors + (size_t)index_[e] * dim + d) * value[e];
						field += part;
						squares += part * part;
						if (!d) plain += weights[index_[e]] * value[e];
					}
					sum += field;
					*(vec *)x = field;
					x += dim;
				}
				all += total(sum * sum - squares);
			}
			odds[i] = bias + plain + (all - with[dim]) / 2;
		}
		layer(k, out[0], item_packed, shared, n, first, apart, a);
		above(1, r, n, a, out[0]);
	}
}

static int compare(const void *p, const void *q) {
	double x = *(double *)p, y = *(double *)q;
	return (x > y) - (x < y);
}

int main(void) {
	uint32_t *head = get(6);
	rows = head[0], fields = head[1], dim = head[2], nweights = head[3], nlayers = head[4], nentries = head[5];
	in = take(4 * nlayers), out = take(4 * nlayers), packed = take(8 * nlayers), biases = take(8 * nlayers);
	size_t widest = 0;
	for (uint32_t l = 0; l < nlayers; l++) {
		uint32_t *sides = get(2);
		in[l] = sides[0], out[l] = sides[1];
		if (in[l] % 16 || (l + 1 < nlayers ? out[l] % 32 : out[l] != 1)) die("a layer has a side that is not asked for");
		if (out[l] > widest) widest = out[l];
	}
	item = get(fields);
	bias = *(float *)get(1);
	weights = get(nweights), vectors = get((size_t)nweights * dim);
	for (uint32_t l = 0; l < nlayers; l++) {
		float *w = get((size_t)in[l] * out[l]);
		packed[l] = w;
		if (l + 1 < nlayers) {
			packed[l] = take(4 * (size_t)in[l] * out[l]);
			for (uint32_t o = 0; o < out[l]; o++)
				for (uint32_t p = 0; p < in[l]; p++) packed[l][(size_t)(o / PANEL) * PANEL * in[l] + p * PANEL + o % PANEL] = w[(size_t)o * in[l] + p];
		}
		biases[l] = get(out[l]);
	}
	index_ = get(nentries), value = get(nentries), ends = get((size_t)rows * fields);
	odds = take(4 * rows);
	first = take(4 * BLOCK * (size_t)(in[0] + 16)), a = take(4 * BLOCK * widest), b = take(4 * BLOCK * widest);
	for (uint32_t f = 0; f < fields; f++) nitem += item[f];
	item_packed = take(4 * (size_t)nitem * dim * out[0]);
	for (uint32_t o = 0; o < out[0]; o++)
		for (uint32_t f = 0, i = 0; f < fields; f++)
			for (uint32_t d = 0; item[f] && d < dim; d++, i++)
				item_packed[((size_t)(o / PANEL) * nitem * dim + i) * PANEL + o % PANEL] = packed[0][((size_t)(o / PANEL) * in[0] + f * dim + d) * PANEL + o % PANEL];
	wide = out[0] + dim + 16;
	halves_ = take(4 * rows * wide), shared = take(4 * wide);
	half(0, 0, shared);
	for (uint32_t r = 0; r < rows; r++) half(r, 1, halves_ + r * wide);

	char name[16], how[16];
	while (scanf("%15s %15s", name, how) == 2) {
		int scores = !strcmp(name, "scores");
		const char *which = scores ? how : name;
		void (*run)(void) = !strcmp(which, "lr") ? linear : !strcmp(which, "fm") ? fm : !strcmp(which, "deepfm") ? deepfm : !strcmp(which, "shared") ? shared_ : !strcmp(which, "halves") ? halves : NULL;
		if (!run) die("a command that is not known");
		if (scores) {
			run();
			fwrite(odds, 4, rows, stdout);
			fflush(stdout);
			continue;
		}
		int n = atoi(how);
		if (n < 1) die("no repetitions");
		double *took = take(8 * (size_t)n);
		for (int i = 0; i < n; i++) {
			struct timespec from, to;
			clock_gettime(CLOCK_MONOTONIC, &from);
			run();
			clock_gettime(CLOCK_MONOTONIC, &to);
			took[i] = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
		}
		qsort(took, n, sizeof *took, compare);
		printf("%.0f %.0f\n", took[0], took[n / 2]);
		fflush(stdout);
		free(took);
	}
	return 0;
}
