// What a pass of training over rows costs in plain C: logistic regression by FTRL-Proximal and a
// factorization machine by AdaGrad, row by row. It is the bound of freshet bench train. The
// compiler may put what is element by element into vectors; nothing is done by hand.
//
// Input, little-endian: 32-bit rows, dim, weights, entries; floats: alpha, beta, L1 and L2 of FTRL, rate,
// decay and first sum of squares of AdaGrad; the vectors that the machine begins with; entries: index
// (32-bit), value (float); ends by row (32-bit); labels (float). After that lines of commands: "lr
// REPETITIONS" and "fm REPETITIONS" answer the least and the middle nanoseconds of one pass, which
// begins from nothing; "scores lr" and "scores fm" answer with what one pass has learned, as floats: the
// bias, the weights and the vectors.

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
	double w, z, n, root;
} coordinate;

static uint32_t rows, dim, nweights, nentries, *index_, *ends;
static float *value, *labels, *begin, *sum;
static double alpha, beta, l1, l2, loss;
static float rate, decay, squares0;

static coordinate bias, *at;
static float fm_bias[2], *records; // by weight: the weight, its sum of squares, that of its vector, the vector
enum { WEIGHT, SQUARES, VECTOR_SQUARES, VECTOR };

static void die(const char *why) {
	fprintf(stderr, "train.c: %s\n", why);
	exit(1);
}

static void *take(size_t n) {
	void *p = calloc(n + 1, 1);
	if (!p) die("no memory");
	return p;
}

static void *get(size_t n) {
	void *p = take(4 * n);
	if (fread(p, 4, n, stdin) != n) die("the input is too short");
	return p;
}

static float sigmoid(float x) { return (float)(1 / (1 + exp(-(double)x))); }

static double log_loss(double odds, double label) { return fmax(odds, 0) + log1p(exp(-fabs(odds))) - label * odds; }

static void ftrl(coordinate *c, double g, double by1, double by2) {
	double n = c->n + g * g, root = sqrt(n), z = c->z + g - (root - c->root) / alpha * c->w;
	c->z = z, c->n = n, c->root = root, c->w = 0;
	if (fabs(z) > by1) c->w = -(z - copysign(by1, z)) / ((beta + root) / alpha + by2);
}

static void lr_begin(void) {
	memset(&bias, 0, sizeof bias);
	memset(at, 0, nweights * sizeof *at);
}

static void lr(void) {
	for (uint32_t r = 0, e = 0; r < rows; r++) {
		uint32_t end = ends[r];
		double odds = bias.w;
		for (uint32_t i = e; i < end; i++) odds += at[index_[i]].w * value[i];
		loss += log_loss((float)odds, labels[r]);
		double g = sigmoid((float)odds) - labels[r];
		ftrl(&bias, g, 0, 0);
		for (; e < end; e++) ftrl(&at[index_[e]], g * value[e], l1, l2);
	}
}

static void fm_begin(void) {
	fm_bias[0] = 0, fm_bias[1] = squares0;
	for (uint32_t w = 0; w < nweights; w++) {
		float *record = records + (size_t)w * (VECTOR + dim);
		record[WEIGHT] = 0, record[SQUARES] = record[VECTOR_SQUARES] = squares0;
		memcpy(record + VECTOR, begin + (size_t)w * dim, 4 * dim);
	}
}

static void fm(void) {
	size_t stride = VECTOR + dim;
	for (uint32_t r = 0, e = 0; r < rows; r++) {
		uint32_t end = ends[r];
		float linear = fm_bias[0], squares = 0, all = 0;
		memset(sum, 0, 4 * dim);
		for (uint32_t i = e; i < end; i++) {
			const float *restrict record = records + index_[i] * stride, x = value[i];
			linear += record[WEIGHT] * x;
			for (uint32_t d = 0; d < dim; d++) {
				float part = record[VECTOR + d] * x;
				sum[d] += part, squares += part * part;
			}
		}
		for (uint32_t d = 0; d < dim; d++) all += sum[d] * sum[d];
		float odds = linear + (all - squares) / 2, delta = sigmoid(odds) - labels[r];
		loss += log_loss(odds, labels[r]);
		fm_bias[1] += delta * delta;
		fm_bias[0] -= rate * delta / sqrtf(fm_bias[1]);
		for (; e < end; e++) {
			float *restrict record = records + index_[e] * stride, *restrict vector = record + VECTOR;
			float x = value[e], dx = delta * x, by = dx * x - decay, g = dx + decay * record[WEIGHT], own = 0;
			record[SQUARES] += g * g;
			record[WEIGHT] -= rate * g / sqrtf(record[SQUARES]);
			for (uint32_t d = 0; d < dim; d++) {
				float step = dx * sum[d] - by * vector[d];
				own += step * step;
			}
			record[VECTOR_SQUARES] += own / dim;
			float length = rate / sqrtf(record[VECTOR_SQUARES]);
			for (uint32_t d = 0; d < dim; d++) vector[d] -= length * (dx * sum[d] - by * vector[d]);
		}
	}
}

static int compare(const void *p, const void *q) {
	double x = *(double *)p, y = *(double *)q;
	return (x > y) - (x < y);
}

static void answer(int factors) {
	float first = factors ? fm_bias[0] : (float)bias.w;
	fwrite(&first, 4, 1, stdout);
	for (uint32_t w = 0; w < nweights; w++) {
		float own = factors ? records[(size_t)w * (VECTOR + dim)] : (float)at[w].w;
		fwrite(&own, 4, 1, stdout);
	}
	for (uint32_t w = 0; factors && w < nweights; w++) fwrite(records + (size_t)w * (VECTOR + dim) + VECTOR, 4, dim, stdout);
	fflush(stdout);
}

int main(void) {
	uint32_t *head = get(4);
	rows = head[0], dim = head[1], nweights = head[2], nentries = head[3];
	float *settings = get(7);
	alpha = settings[0], beta = settings[1], l1 = settings[2], l2 = settings[3];
	rate = settings[4], decay = settings[5], squares0 = settings[6];
	begin = get((size_t)nweights * dim);
	index_ = get(nentries), value = get(nentries), ends = get(rows), labels = get(rows);
	at = take(nweights * sizeof *at), sum = take(4 * dim), records = take(4 * (size_t)nweights * (VECTOR + dim));

	char name[16], how[16];
	while (scanf("%15s %15s", name, how) == 2) {
		int scores = !strcmp(name, "scores"), factors = !strcmp(scores ? how : name, "fm");
		if (!factors && strcmp(scores ? how : name, "lr")) die("a command that is not known");
		int n = scores ? 1 : atoi(how);
		if (n < 1) die("no repetitions");
		double *took = take(8 * (size_t)n);
		for (int i = 0; i < n; i++) {
			struct timespec from, to;
			factors ? fm_begin() : lr_begin();
			clock_gettime(CLOCK_MONOTONIC, &from);
			factors ? fm() : lr();
			clock_gettime(CLOCK_MONOTONIC, &to);
			took[i] = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
		}
		qsort(took, n, sizeof *took, compare);
		if (scores) {
			answer(factors);
		} else {
			printf("%.0f %.0f\n", took[0], took[n / 2]);
			fflush(stdout);
		}
		free(took);
	}
	return 0;
}
