// What an epoch of training costs in C: logistic regression by FTRL-Proximal and a factorization
// machine by AdaGrad, one row after the other, as plain loops that the compiler makes vectors of where
// it can. It is the bound of freshet bench train.
//
// Input, little-endian: 32-bit rows, fields, dim, weights, entries; then floats: for FTRL alpha, beta, l1,
// l2, for AdaGrad rate, decay and what sums of squares begin with; then vectors that training begins with;
// then entries: index (32-bit), value (float), ends by row and field (32-bit); then labels (float). After
// that lines of commands: "NAME REPETITIONS" answers the least and the middle nanoseconds of one epoch
// from the beginning, "scores NAME" with the odds after one as floats. NAME is lr or fm.

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct coordinate { double w, z, n, root; };

static uint32_t rows, fields, dim, weights, entries, *index_, *ends;
static float alpha, beta, l1, l2, rate, decay, begin, *first, *value, *labels, *odds;
static struct coordinate *ftrl;
static float *records, *sum; // record: weight, its sum of squares, that of its vector, vector

static void die(const char *why) {
	fprintf(stderr, "train.c: %s\n", why);
	exit(1);
}

static void *get(size_t n) {
	void *p = malloc(4 * n + 64);
	if (!p || fread(p, 4, n, stdin) != n) die("the input is too short");
	return p;
}

static void lr_step(struct coordinate *c, double g) {
	double n = c->n + g * g, root = sqrt(n);
	c->z += g - (root - c->root) / alpha * c->w;
	c->n = n, c->root = root, c->w = 0;
	if (fabs(c->z) > l1) c->w = -(c->z - copysign(l1, c->z)) / ((beta + root) / alpha + l2);
}

static double lr_odds(uint32_t from, uint32_t to) {
	double x = ftrl[weights].w;
	for (uint32_t e = from; e < to; e++) x += ftrl[index_[e]].w * value[e];
	return x;
}

static double loss_of(double x, double label) { return fmax(x, 0) + log1p(exp(-fabs(x))) - label * x; }

static double lr(void) {
	double loss = 0;
	memset(ftrl, 0, (weights + 1) * sizeof *ftrl);
	for (uint32_t r = 0, e = 0; r < rows; r++) {
		uint32_t to = ends[(r + 1) * fields - 1];
		double x = lr_odds(e, to), g = 1 / (1 + exp(-x)) - labels[r];
		loss += loss_of(x, labels[r]);
		struct coordinate *b = ftrl + weights; // the bias: nothing pulls it to 0
		double n = b->n + g * g, root = sqrt(n);
		b->z += g - (root - b->root) / alpha * b->w;
		b->n = n, b->root = root, b->w = -b->z / ((beta + root) / alpha);
		for (; e < to; e++) lr_step(ftrl + index_[e], g * value[e]);
	}
	return loss;
}

static float fm_odds(uint32_t from, uint32_t to) {
	size_t stride = dim + 3;
	float x = records[weights * stride], squares = 0, all = 0;
	memset(sum, 0, dim * sizeof *sum);
	for (uint32_t e = from; e < to; e++) {
		float *v = records + index_[e] * stride, by = value[e];
		x += v[0] * by;
		for (uint32_t d = 0; d < dim; d++) {
			float part = v[3 + d] * by;
			sum[d] += part;
			squares += part * part;
		}
	}
	for (uint32_t d = 0; d < dim; d++) all += sum[d] * sum[d];
	return x + (all - squares) / 2;
}

static double fm(void) {
	size_t stride = dim + 3;
	double loss = 0;
	for (uint32_t w = 0; w <= weights; w++) {
		float *v = records + w * stride;
		v[0] = 0, v[1] = v[2] = begin;
		if (w < weights) memcpy(v + 3, first + (size_t)w * dim, dim * sizeof *v);
	}
	float *bias = records + weights * stride;
	for (uint32_t r = 0, e = 0; r < rows; r++) {
		uint32_t to = ends[(r + 1) * fields - 1];
		float x = fm_odds(e, to), delta = 1 / (1 + exp(-(double)x)) - labels[r];
		loss += loss_of(x, labels[r]);
		bias[1] += delta * delta;
		bias[0] -= rate * delta / sqrtf(bias[1]);
		for (; e < to; e++) {
			float *v = records + index_[e] * stride, by = value[e], dx = delta * by, g = dx + decay * v[0];
			v[1] += g * g;
			v[0] -= rate * g / sqrtf(v[1]);
			float c = dx * by - decay, squares = 0;
			for (uint32_t d = 0; d < dim; d++) {
				float g = dx * sum[d] - c * v[3 + d];
				squares += g * g;
			}
			v[2] += squares / dim;
			float step = rate / sqrtf(v[2]);
			for (uint32_t d = 0; d < dim; d++) v[3 + d] -= step * (dx * sum[d] - c * v[3 + d]);
		}
	}
	return loss;
}

static double (*named(const char *name))(void) {
	if (!strcmp(name, "lr")) return lr;
	if (!strcmp(name, "fm")) return fm;
	die("an unknown name");
	return 0;
}

static int ascending(const void *a, const void *b) {
	int64_t x = *(int64_t *)a, y = *(int64_t *)b;
	return (x > y) - (x < y);
}

int main(void) {
	uint32_t *h = get(5);
	rows = h[0], fields = h[1], dim = h[2], weights = h[3], entries = h[4];
	float *f = get(7);
	alpha = f[0], beta = f[1], l1 = f[2], l2 = f[3], rate = f[4], decay = f[5], begin = f[6];
	first = get((size_t)weights * dim);
	index_ = get(entries), value = get(entries), ends = get((size_t)rows * fields), labels = get(rows);
	ftrl = malloc((weights + 1) * sizeof *ftrl);
	records = malloc((size_t)(weights + 1) * (dim + 3) * sizeof *records);
	sum = malloc(dim * sizeof *sum), odds = malloc(rows * sizeof *odds);
	if (!ftrl || !records || !sum || !odds) die("no memory");
	char name[64], what[64];
	volatile double kept = 0;
	while (scanf("%63s", name) == 1) {
		if (!strcmp(name, "scores")) {
			if (scanf("%63s", what) != 1) die("scores of what?");
			kept += named(what)();
			for (uint32_t r = 0, e = 0; r < rows; r++) {
				uint32_t to = ends[(r + 1) * fields - 1];
				odds[r] = named(what) == lr ? lr_odds(e, to) : fm_odds(e, to);
				e = to;
			}
			fwrite(odds, 4, rows, stdout);
		} else {
			int times;
			if (scanf("%d", &times) != 1 || times < 1) die("how many times?");
			int64_t *took = malloc(times * sizeof *took);
			for (int i = 0; i < times; i++) {
				struct timespec from, to;
				clock_gettime(CLOCK_MONOTONIC, &from);
				kept += named(name)();
				clock_gettime(CLOCK_MONOTONIC, &to);
				took[i] = (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec;
			}
			qsort(took, times, sizeof *took, ascending);
			printf("%lld %lld\n", (long long)took[0], (long long)took[times / 2]);
			free(took);
		}
		fflush(stdout);
	}
}
