"""Runs a.py on a store: run.py STORE OUTPUT. All files go in as one, for mrjob starts four processes for each."""

import glob
import shutil
import sys
import tempfile

from a import Job

store, output = sys.argv[1:]
with tempfile.NamedTemporaryFile() as all:
    for name in sorted(glob.glob(f"{store}/*/*/*/*/*.log*")):
        with open(name, "rb") as f:
            shutil.copyfileobj(f, all)
    all.flush()
    job = Job(["-r", "local", "--num-cores", "2", "--no-conf", all.name])
    with job.make_runner() as runner, open(output, "wb") as f:
        runner.run()
        f.writelines(sorted(runner.cat_output()))
