# Job a with the usual tools: a.sh STORE OUTPUT. Needs GNU parallel, jq and zstd.
find "$1" -name '*.zst' | parallel -j2 -n 20 "zstd -dcq {} | cut -f2 | jq -r '.info.OS // empty'" |
	LC_ALL=C sort | uniq -c | awk '{n = $1; sub(/^ *[0-9]+ /, ""); print $0 "\t" n}' >"$2"
