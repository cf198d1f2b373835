// Runs the jobs a, c and d in ClickHouse local, or nothing (start): node jobs.js JOB STORE OUTPUT. Needs npm install chdb.

const { query } = require("chdb");

const [job, store, output] = process.argv.slice(2);
const records = `file('${store}/*/*/*/*/*.zst', 'TSVRaw', 'id String, j String')`;

const queries = {
  start: "SELECT 1 WHERE false",
  a: `SELECT JSONExtractString(j, 'info', 'OS') AS os, count() FROM ${records} WHERE os != '' GROUP BY os ORDER BY os`,
  c: `SELECT splitByChar(':', arrayJoin(splitByChar(',', JSONExtractString(j, 'info', 'addons')))) [1] AS addon,
        arrayStringConcat(groupArray(id), ',') FROM ${records} WHERE JSONHas(j, 'info', 'addons') GROUP BY addon ORDER BY addon`,
  d: `SELECT id, j FROM ${records} WHERE JSONExtractString(j, 'info', 'OS') = 'Darwin'`,
};

query(`${queries[job]} INTO OUTFILE '${output}' FORMAT TSVRaw SETTINGS max_threads = 2`);
