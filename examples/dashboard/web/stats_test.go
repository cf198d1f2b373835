package web_test

import (
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit/browser"
)

// testStats has by hand what stats.js computes.
func testStats(t *testing.T, tab *browser.Tab, url string) {
	tab.Open(url)
	tab.Do(`import("./stats.js").then((stats) => {
		window.stats = stats;
		window.sum = (buckets, ...arrays) => {
			const s = stats.newSum(buckets);
			arrays.forEach((a) => stats.addArray(s, a));
			return s;
		};
		window.round = (x) => (x === null ? null : Number(x.toFixed(4)));
		// Two days of pings, of which the second has one sample in the last bucket.
		window.linear = sum(6, [1, 2, 1, 1, 0, 0, 67, -1, -1, 1407, 0, 2, 5], [0, 0, 0, 0, 0, 1, 60, -1, -1, 3600, 0, 1, 8],
			[0, 3, 0, 0, 1, 0, 66, -1, -1, 1956, 0, 1, 5]);
		window.linearBuckets = [0, 5, 16, 28, 39, 50];
		// A ping with the samples 2, 4, 10, 30.
		window.exp = sum(5, [0, 2, 1, 1, 0, 46, 8.539932678385727, 21.3394092146693, -1, -1, 1, 5]);
		window.expBuckets = [0, 1, 5, 22, 100];
		window.at = (s, buckets, kind) => stats.percentiles.map((p) => {
			const { value, open, at } = stats.percentile(s, buckets, kind, p);
			return [round(value), open, round(at)];
		});
		return true;
	})`)
	for _, c := range []struct{ script, want string }{
		{`[linear.pings, linear.samples]`, `[4,10]`},
		{`stats.mean(linear)`, `19.3`},
		// The root of 6963/10 - 19.3².
		{`round(stats.standardDeviation(linear, "linear"))`, `17.9947`},
		{`stats.standardDeviation(exp, "exponential")`, `null`},
		// 5 % are half of the first bucket; half of the samples are 4 of the 5 in the second; the last 5 % are somewhere from 50 on.
		{`at(linear, linearBuckets, "linear")`, `[[2.5,false,0.5],[8.3,false,1.3],[13.8,false,1.8],[33.5,false,3.5],[50,true,5]]`},
		{`stats.mean(exp)`, `11.5`},
		// The fourth root of 3*5*11*31, less one.
		{`round(stats.geometricMean(exp, "exponential"))`, `7.4569`},
		// 5^0.1, 5^0.5, 5, the end of the third bucket, 22 * (100/22)^0.8.
		{`at(exp, expBuckets, "exponential")`, `[[1.1746,false,1.1],[2.2361,false,1.5],[5,false,2],[22,false,3],[73.8728,false,3.8]]`},
		{`at(sum(3, [4, 0, 0, 0, 0, 0, -1, -1, 1, 1]), [0, 2, 9], "exponential")[2]`, `[1,false,0.5]`}, // no logarithm of 0
		// What a part of the pings reports is theirs alone.
		{`round(stats.geometricMean(sum(2, [1, 1, 6, 2, 2, -1, -1, 1, 1], [9, 0, 0, -1, -1, -1, -1, 9, 1]), "exponential"))`, `1.7183`},
		{`stats.geometricMean(sum(2, [1, 1, 6, -1, -1, -1, -1, 1, 1]), "exponential")`, `null`},
		{`stats.geometricMean(sum(2, [1, 1, 6, 0, 0, -1, -1, 1, 1]), "exponential")`, `null`}, // old clients
		{`stats.standardDeviation(sum(2, [1, 1, 6, -1, -1, -1, -1, 1, 1]), "linear")`, `null`},
		// Squares have two halves: 2 samples of 2^20 are 2 * 2^40.
		{`stats.standardDeviation(sum(2, [0, 2, 2 ** 21, -1, -1, 0, 2 ** 9, 1, 1]), "linear")`, `0`},
		{`[stats.mean(stats.newSum(3)), stats.percentile(stats.newSum(3), [0, 1, 2], "linear", 50), stats.shares(stats.newSum(2))]`, `[null,null,[null,null]]`},
		{`[stats.shares(exp), stats.shares(exp, true)]`, `[[0,0.5,0.25,0.25,0],[0,0.5,0.75,1,1]]`},
		// Arrays that are none.
		{`[[1, 2], null, "x", [1, 2, 3, 4, 5, 6, 7, 8, null]].map((a) => stats.addArray(stats.newSum(2), a))`, `[false,false,false,false]`},
		{`[0, 1, 2].map((i) => stats.bucketLabel([0, 1, 2], "boolean", i))`, `["false","true","≥ 2"]`},
		{`[0, 4].map((i) => stats.bucketLabel(expBuckets, "exponential", i))`, `["0 – 1","≥ 100"]`},
		{`[[], [3000, 7], [90, 80]].map(stats.fewest)`, `[0,100,5]`},
	} {
		if got := tab.Text("JSON.stringify(" + c.script + ")"); got != c.want {
			t.Errorf("%s is %s, want %s", c.script, got, c.want)
		}
	}
}
