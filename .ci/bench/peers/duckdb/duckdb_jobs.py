"""Runs the jobs a, b, c and d in DuckDB, or nothing (start): duckdb_jobs.py JOB STORE OUTPUT."""

import sys

import duckdb

name, store, output = sys.argv[1:]

RECORDS = f"""read_csv('{store}/*/*/*/*/*.zst', delim='\\t', header=false, quote='', escape='', auto_detect=false,
    columns={{'id': 'VARCHAR', 'j': 'VARCHAR'}}, filename={str(name == 'b').lower()})"""

QUERIES = {
    "start": "SELECT 1 WHERE false",
    "a": f"""
        SELECT j->>'$.info.OS' AS os, count(*) AS n FROM {RECORDS}
        GROUP BY os HAVING os IS NOT NULL ORDER BY os""",
    "c": f"""
        SELECT split_part(addon, ':', 1), string_agg(id, ',')
        FROM (SELECT id, unnest(string_split(j->>'$.info.addons', ',')) AS addon FROM {RECORDS}) GROUP BY 1 ORDER BY 1""",
    "d": f"SELECT id, j FROM {RECORDS} WHERE j->>'$.info.OS' = 'Darwin'",
    # The path has the dimensions: …/channel/version/build.date.v2.log.UNIQUE.zst
    "b": f"""
        WITH pings AS (
            SELECT string_split(filename, '/') AS p, j->>'$.info.OS' AS os,
                CAST(j->'$.histograms' AS MAP(VARCHAR, DOUBLE[])) AS h
            FROM {RECORDS}),
        arrays AS (
            SELECT p[-3] AS channel, p[-2] AS version, e.key AS measure, os, string_split(p[-1], '.')[2] AS date, e.value AS a
            FROM (SELECT p, os, unnest(map_entries(h)) AS e FROM pings) WHERE os IS NOT NULL),
        elements AS (
            SELECT channel, version, measure, os, date, unnest(a) AS x, unnest(range(len(a))) AS i FROM arrays),
        sums AS (
            SELECT channel, version, measure, os, date, i, sum(x) AS x FROM elements GROUP BY ALL)
        SELECT channel, version, measure, os, date, to_json(list(x ORDER BY i)) FROM sums GROUP BY ALL""",
}

con = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
con.execute(f"COPY ({QUERIES[name]}) TO '{output}' (FORMAT csv, DELIMITER '\\t', HEADER false, QUOTE '', ESCAPE '')")
