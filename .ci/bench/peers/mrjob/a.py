"""Job a in mrjob, in worker processes: run.py calls it. Needs pip install mrjob setuptools."""

import json

from mrjob.job import MRJob
from mrjob.protocol import RawValueProtocol


class Job(MRJob):
    INPUT_PROTOCOL = RawValueProtocol
    OUTPUT_PROTOCOL = RawValueProtocol

    def mapper(self, _, line):
        os = json.loads(line.split("\t", 1)[1])["info"].get("OS")
        if os is not None:
            yield os, 1

    def combiner(self, os, counts):
        yield os, sum(counts)

    def reducer(self, os, counts):
        yield None, f"{os}\t{sum(counts)}"


if __name__ == "__main__":
    Job.run()
