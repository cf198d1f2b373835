"""Job a in PySpark: a.py STORE OUTPUT. Needs pip install pyspark, and a Java runtime."""

import glob
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

store, output = sys.argv[1:]
spark = (
    SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false").config("spark.driver.memory", "4g")
    .config("spark.sql.shuffle.partitions", "2").getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
records = spark.read.text(sorted(glob.glob(f"{store}/*/*/*/*/*.log*")))
value = F.substring_index("value", "\t", -1)
rows = records.select(F.get_json_object(value, "$.info.OS").alias("os")).where("os is not null").groupBy("os").count().orderBy("os")
with open(output, "w") as f:
    for row in rows.collect():
        print(row["os"], row["count"], sep="\t", file=f)
spark.stop()
