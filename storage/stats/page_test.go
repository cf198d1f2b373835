package stats_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/telemetry-mr/mr/internal/testkit/browser"
	"github.com/telemetry-mr/mr/storage/stats"
)

var shots = flag.String("shots", "", "directory in which TestPage leaves pictures of the page")

// The page shows what is counted while it is, to the eye and to the keyboard, and needs nothing but this server.
func TestPage(t *testing.T) {
	if testing.Short() && *shots == "" {
		t.Skip("starts a browser")
	}
	ctx := browser.Start(t, 1100, 1000)
	set := stats.NewSet(time.Now().Add(-time.Hour))
	fill(set)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- stats.Serve(stop, l, set) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	var outside []string
	var hostile bool
	var first, cursor, hour, focus, title string
	run := func(actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	const accepted = `[...document.querySelectorAll("#receive tr")].find(r => r.cells[0].textContent === "accepted").cells[1].textContent`
	run(chromedp.Navigate("http://"+l.Addr().String()+"/"),
		chromedp.WaitVisible("#state.live", chromedp.ByQuery),
		chromedp.Evaluate(accepted, &first),
		chromedp.Title(&title))
	shoot(t, ctx, "light")

	set.Add(time.Now(), stats.Key{Source: "receive", What: "accepted"}, 1_000_000, 1)
	run(chromedp.Poll(accepted+` !== "`+first+`"`, nil),
		// Without a mouse: the hour, then the chart and its newest row.
		chromedp.Focus(`input[value="minute"]`, chromedp.ByQuery),
		chromedp.KeyEvent("\u0303"), // arrow right
		chromedp.Poll(`document.querySelector("#receive thead").textContent.includes("in the hour")`, nil),
		chromedp.Evaluate(accepted, &hour),
		chromedp.Focus("#chart", chromedp.ByQuery),
		chromedp.KeyEvent("\u0303"),
		chromedp.Poll(`document.getElementById("cursor").textContent !== ""`, nil),
		chromedp.Text("#cursor", &cursor, chromedp.ByQuery),
		chromedp.Evaluate(`getComputedStyle(document.activeElement).outlineStyle`, &focus),
		chromedp.Evaluate(`document.querySelector("#receive b, #receive script") !== null`, &hostile),
		chromedp.Evaluate(`performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin))`, &outside))
	if !strings.HasPrefix(cursor, "now: 1,0") || !strings.HasSuffix(cursor, " not") {
		t.Errorf("the newest row reads %q", cursor)
	}
	if hour == first || title == "" || focus == "none" || hostile || len(outside) > 0 {
		t.Errorf("minute %s, hour %s, title %q, outline %s, markup of a client %v, from elsewhere %q", first, hour, title, focus, hostile, outside)
	}
	shoot(t, ctx, "hour")
	run(chromedp.ActionFunc(dark))
	shoot(t, ctx, "dark")
}

// fill counts what may have come in an hour.
func fill(set *stats.Set) {
	now := time.Now()
	for second := range 3600 {
		at := now.Add(-time.Duration(second) * time.Second)
		n := uint64(300 + 40*(second/60%7))
		set.Add(at, stats.Key{Source: "receive", What: "accepted"}, n, n*18_000)
		for i, channel := range []string{"release", "beta", "aurora", "nightly", "<b>bold</b>"} {
			set.Add(at, stats.Key{Source: "receive", What: "accepted", Dimension: "appUpdateChannel", Value: channel}, n/uint64(i+2), n*3000)
		}
		for i, app := range []string{"Firefox", "Fennec"} {
			set.Add(at, stats.Key{Source: "receive", What: "accepted", Dimension: "appName", Value: app}, n/uint64(4*i+1), n*3000)
		}
		if second%9 == 0 {
			set.Add(at, stats.Key{Source: "receive", What: "oversize"}, 40, 0)
			set.Add(at, stats.Key{Source: "receive", What: "not_found"}, 7, 0)
		}
		if second%60 == 0 {
			for what, n := range map[string]uint64{"read": 20_000, "written": 18_500, "bad": 1_500, "bad.uuid_only_path": 1_300, "bad.bad_payload": 200} {
				set.Add(at, stats.Key{Source: "convert", What: what}, n, n*1000)
			}
		}
	}
}

// dark tells the page that its reader likes it dark.
func dark(ctx context.Context) error {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}).Do(ctx)
}

func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if *shots == "" {
		return
	}
	var png []byte
	if err := chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, fmt.Sprintf("%s.png", name)), png, 0o666); err != nil {
		t.Fatal(err)
	}
}
