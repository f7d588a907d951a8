"""Searches the vectors of `freshet bench recall --write DIR` with FAISS's HNSW on one thread.

    freshet bench recall --write DIR
    pip install faiss-cpu numpy
    python3 bench/candidates/faiss_hnsw.py DIR

Prints, for each efSearch, the share of the true inner-product hits found and the time of a query,
up to the first that finds --recall. --m and --construction say how the graph is built. It is a
yardstick: nothing of Freshet uses FAISS.
"""

import argparse
import os
import time

import faiss
import numpy


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("dir")
    p.add_argument("--n", type=int, default=200, help="hits of a query")
    p.add_argument("--m", type=int, default=32, help="neighbours of a node")
    p.add_argument("--construction", type=int, default=200, help="efConstruction")
    p.add_argument("--recall", type=float, default=0.95, help="to reach")
    p.add_argument("--index", help="file of the graph: read when it is there, else written")
    a = p.parse_args()
    vectors = numpy.load(os.path.join(a.dir, "vectors.npy"))
    queries = numpy.load(os.path.join(a.dir, "queries.npy"))

    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    truth = [set(hits) for hits in flat.search(queries, a.n)[1]]

    if a.index and os.path.exists(a.index):
        hnsw = faiss.read_index(a.index)
    else:
        began = time.perf_counter()
        hnsw = faiss.IndexHNSWFlat(vectors.shape[1], a.m, faiss.METRIC_INNER_PRODUCT)
        hnsw.hnsw.efConstruction = a.construction
        hnsw.add(vectors)
        print(f"build {time.perf_counter() - began:.1f} s on {faiss.omp_get_max_threads()} threads")
        if a.index:
            faiss.write_index(hnsw, a.index)

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
        print(f"efSearch {ef}: recall {recall:.4f}, {1e3 * took[len(took) // 2]:.3f} ms, {1e3 * cpu:.3f} ms of CPU, {len(took) / sum(took):.0f} queries/s")
        if recall >= a.recall:
            return


main()
