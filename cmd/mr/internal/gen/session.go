package gen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
)

// appendMeasurements appends the members of simpleMeasurements: the times of a start, in milliseconds, one after the other.
func (m *machine) appendMeasurements(d []byte, rng *rand.Rand) []byte {
	scale := math.Exp(0.6 * m.slow)
	step := func(typical float64) int { return int(scale * typical * (0.5 + rng.ExpFloat64())) }
	d = appendInt(d, "uptime", 1+int(rng.ExpFloat64()*180)) // minutes
	at := step(8)
	for _, s := range startup {
		d = appendInt(d, s.name, at)
		at += step(s.typical)
	}
	d = appendInt(d, "maximalNumberOfConcurrentThreads", 25+rng.IntN(60))
	d = appendInt(d, "savedPings", rng.IntN(4))
	d = appendInt(d, "failedProfileLockCount", 0)
	d = appendInt(d, "startupInterrupted", rng.IntN(20)/19)
	d = appendInt(d, "debuggerAttached", 0)
	if rng.IntN(2) == 0 {
		d = appendInt(d, "shutdownDuration", step(900))
	}
	d = append(d, `"js":{"setProto":`...)
	d = strconv.AppendInt(d, int64(rng.IntN(3)), 10)
	d = append(d, `,"customIter":`...)
	d = strconv.AppendInt(d, int64(rng.IntN(40)), 10)
	return append(d, `},"addonManager":{}`...)
}

var startup = []struct {
	name    string
	typical float64 // milliseconds to the next one
}{
	{"start", 10},
	{"main", 40},
	{"selectProfile", 30},
	{"afterProfileLocked", 60},
	{"startupCrashDetectionBegin", 200},
	{"AMI_startup_begin", 20},
	{"XPI_startup_begin", 120},
	{"XPI_startup_end", 30},
	{"AMI_startup_end", 150},
	{"createTopLevelWindow", 300},
	{"firstPaint", 200},
	{"sessionRestoreInitialized", 20},
	{"delayedStartupStarted", 300},
	{"delayedStartupFinished", 60},
	{"firstLoadURI", 400},
	{"sessionRestored", 3000},
	{"startupCrashDetectionEnd", 0},
}

// statements are what slow queries may look like.
var statements = func() (list []string) {
	tables := []string{"bookmarks", "history", "icons", "visits", "cookies", "forms", "thumbs", "quota"}
	shapes := []string{
		"SELECT id, url, title FROM %s WHERE hash = :hash AND last_visit > :since ORDER BY last_visit DESC LIMIT :n /* %s.sqlite */",
		"DELETE FROM %s WHERE expires < :now /* %s.sqlite */",
		"UPDATE %s SET rank = :rank, seen = :seen WHERE id = :id /* %s.sqlite */",
		"INSERT OR REPLACE INTO %s (id, name, value, modified) VALUES (:id, :name, :value, :modified) /* %s.sqlite */",
	}
	for _, table := range tables {
		for _, shape := range shapes {
			list = append(list, fmt.Sprintf(shape, table, table))
		}
	}
	return list
}()

// appendSlowSQL appends the members of slowSQL: statement to [times, milliseconds], by thread.
func appendSlowSQL(d []byte, rng *rand.Rand, small bool) []byte {
	for i, thread := range []string{`"mainThread":{`, `,"otherThreads":{`} {
		d = append(d, thread...)
		most := 1 + 2*i
		if small {
			most = 1
		}
		first, n := rng.IntN(len(statements)), rng.IntN(most+1)
		for k := range n {
			d = append(d, '"')
			d = append(d, statements[(first+5*k)%len(statements)]...)
			d = append(d, `":[`...)
			d = strconv.AppendInt(d, int64(1+rng.IntN(9)), 10)
			d = append(d, ',')
			d = strconv.AppendInt(d, int64(100+rng.ExpFloat64()*400), 10)
			d = append(d, "],"...)
		}
		d = append(trimComma(d), '}')
	}
	return d
}
