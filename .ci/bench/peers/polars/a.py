"""Job a in Polars: a.py STORE OUTPUT. Needs pip install polars."""

import glob
import os
import sys

os.environ["POLARS_MAX_THREADS"] = "2"

import polars as pl  # noqa: E402: it reads the variable

store, output = sys.argv[1:]
records = pl.scan_csv(
    sorted(glob.glob(f"{store}/*/*/*/*/*.log*")), separator="\t", has_header=False, quote_char=None, new_columns=["id", "j"]
)
rows = (
    records.select(os=pl.col("j").str.json_path_match("$.info.OS"))
    .drop_nulls().group_by("os").agg(pl.len()).sort("os").collect(engine="streaming")
)
rows.write_csv(output, include_header=False, separator="\t")
