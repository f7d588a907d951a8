"""Searches the vectors of `freshet bench recall --write DIR` with FAISS's HNSW on one thread.

    freshet bench recall --write DIR
    pip install faiss-cpu numpy
    python3 bench/candidates/faiss_hnsw.py DIR

Prints, for each efSearch, the share of the true inner-product hits found and the time of a query,
up to the first that finds --recall. --m and --construction say how the graph is built; a million
rows take minutes, and --index keeps the graph for the next run. It is a yardstick: nothing of
Freshet uses FAISS.
"""

import argparse
import os
import time

import faiss
import numpy

STEP = 10_000  # rows added at a time


def lengthened(vectors):
    """The vectors with one more number that makes all equally long, so that the nearest has the largest product."""
    squares = (vectors * vectors).sum(axis=1, keepdims=True)
    return numpy.hstack([vectors, numpy.sqrt(squares.max() - squares)])


def graph(a, vectors):
    """The graph of all vectors, None when the time is up before it has them."""
    if a.index and os.path.exists(a.index):
        hnsw = faiss.read_index(a.index)
    else:
        metric = faiss.METRIC_L2 if a.lengthen else faiss.METRIC_INNER_PRODUCT
        hnsw = faiss.IndexHNSWFlat(vectors.shape[1], a.m, metric)
        hnsw.hnsw.efConstruction = a.construction
    began, cpu, there = time.perf_counter(), time.process_time(), hnsw.ntotal
    while hnsw.ntotal < len(vectors) and time.perf_counter() - began < 60 * a.minutes:
        hnsw.add(vectors[hnsw.ntotal : hnsw.ntotal + STEP])
    if hnsw.ntotal > there:
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(f"rows {there} to {hnsw.ntotal}: built in {took:.0f} s, {cpu:.0f} s of CPU, on {faiss.omp_get_max_threads()} threads", flush=True)
        if a.index:
            faiss.write_index(hnsw, a.index)
    if hnsw.ntotal < len(vectors):
        print(f"the time was up at {hnsw.ntotal} of {len(vectors)} rows; with --index another run goes on from there")
        return None
    return hnsw


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dir")
    p.add_argument("--n", type=int, default=200, help="hits of a query")
    p.add_argument("--m", type=int, default=32, help="neighbours of a node")
    p.add_argument("--construction", type=int, default=200, help="efConstruction")
    p.add_argument("--lengthen", action="store_true", help="search for the least distance of vectors made equally long instead")
    p.add_argument("--recall", type=float, default=0.95, help="to reach")
    p.add_argument("--index", help="file of the graph: read when it is there, and written when rows were added")
    p.add_argument("--minutes", type=float, default=600, help="after which building stops; the next run with --index goes on")
    a = p.parse_args()
    vectors = numpy.load(os.path.join(a.dir, "vectors.npy"))
    queries = numpy.load(os.path.join(a.dir, "queries.npy"))

    hnsw = graph(a, lengthened(vectors) if a.lengthen else vectors)
    if hnsw is None:
        return

    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    truth = [set(hits) for hits in flat.search(queries, a.n)[1]]
    if a.lengthen:
        queries = numpy.hstack([queries, numpy.zeros((len(queries), 1), queries.dtype)])

    faiss.omp_set_num_threads(1)
    for ef in (a.n, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 6400):
        hnsw.hnsw.efSearch = ef
        took, found, cpu = [], 0, time.process_time()
        for _ in range(3):
            found = 0
            for i in range(len(queries)):
                began = time.perf_counter()
                hits = hnsw.search(queries[i : i + 1], a.n)[1][0]
                took.append(time.perf_counter() - began)
                found += len(set(hits) & truth[i])
        cpu = (time.process_time() - cpu) / len(took)
        took.sort()
        recall = found / (len(truth) * a.n)
        print(f"efSearch {ef}: recall {recall:.4f}, {1e3 * took[len(took) // 2]:.3f} ms, {1e3 * cpu:.3f} ms of CPU, {len(took) / sum(took):.0f} queries/s", flush=True)
        if recall >= a.recall:
            return


main()
