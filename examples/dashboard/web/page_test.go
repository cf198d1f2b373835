package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/telemetry-mr/mr/internal/testkit/browser"
)

// Scripts for what a reader sees and does.
const (
	notice  = `document.querySelector("#notice").textContent`
	curves  = `[...document.querySelectorAll("#evolution figcaption span")].map((s) => s.textContent.trim()).join("|")`
	days    = `[...document.querySelectorAll("#days tbody tr")].map((r) => [...r.cells].map((c) => c.textContent).join(" ")).join("|")`
	summary = `[...document.querySelectorAll("#summary tr")].map((r) => [...r.cells].map((c) => c.textContent).join(" ")).join("|")`
	hash    = `decodeURIComponent(location.hash)`
	press   = `document.querySelector("#notice button").click()`
)

// tick ticks an option of a picker, by its label.
func tick(label, value string) string {
	return `[...document.querySelectorAll(".picker")].find((p) => p.querySelector("legend").textContent === "` + label + `")` +
		`.querySelector("input[value='` + value + `']").click()`
}

// TestPage shares a browser among all that looks at the page.
func TestPage(t *testing.T) {
	tab := browser.NewTab(t, 1200, 1000)
	url, _ := serveSite(t)
	for _, test := range []struct {
		name string
		run  func(t *testing.T, tab *browser.Tab, url string)
	}{
		{"controls", testControls},
		{"nothing to show", testNothingToShow},
		{"hostile names", testHostileNames},
		{"keyboard", testKeyboard},
		{"stats", testStats},
	} {
		t.Run(test.name, func(t *testing.T) {
			tab.T = t
			test.run(t, tab, url)
			tab.Quiet()
		})
	}
}

func testControls(t *testing.T, tab *browser.Tab, url string) {
	tab.Open(url)
	for _, step := range []struct{ do, see, want string }{
		// The newest nightly and GC_MS; the last bucket has no end.
		{"", `document.querySelector("h2").textContent`, "GC_MS"},
		{"", curves, "mean|5 %|25 %|median|75 %|95 %"},
		{"", days, "2013-11-01 all chosen 400 600 400 25.75 1.904 8.193 22 100 ≥ 100|2013-11-02 all chosen 203 403 203 10.3 5.39 7.282 10.61 15.45 20.87"},
		{"", `document.querySelector("#fresh").textContent`, "1,104 pings, submitted to 2013-11-06; 1 day before it is missing"},
		{tick("System", "WINNT"), days, "2013-11-01 all chosen 300 400 300 33 6.244 15.19 46.9 ≥ 100 ≥ 100|2013-11-02 all chosen 200 400 200 10 5.384 7.242 10.49 15.19 20.43"},
		{"", hash, "#OS=WINNT"},
		{`history.back(); new Promise((done) => addEventListener("popstate", () => done(true)))`, `document.querySelectorAll(".picker input:checked").length + location.hash`, "1"},
		// Two systems, compared.
		{tick("System", "Linux"), hash, "#OS=Linux"},
		{tick("System", "WINNT"), hash, "#OS=Linux&OS=WINNT"},
		{`{ const s = document.querySelector("#split"); s.value = "OS"; s.dispatchEvent(new Event("change", { bubbles: true })) }`, curves, "WINNT|Linux"},
		{"", summary, "group pings all pings samples mean geometric mean 5 % 25 % median 75 % 95 %|WINNT 500 800 500 23.8 14.18 5.657 9.27 17.19 68.49 ≥ 100|Linux 100 200 100 4 3.482 1.175 2.236 5 10.49 18.97"},
		// Two releases.
		{`document.querySelector("#reset").click()`, hash, ""},
		{tick("Release", "aurora/26"), curves, "nightly/27|aurora/26"},
		{"", hash, "#release=nightly/27&release=aurora/26"},
		// By submission, then a day that has none, and back.
		{`document.querySelector("[value=submission]").click()`, days, "2013-11-04 nightly/27 603 1,003 603 20.55 2.639 7.659 14.5 47.42 ≥ 100|2013-11-04 aurora/26 100 100 100 10 5.384 7.242 10.49 15.19 20.43"},
		{`{ const f = document.querySelector("#from"); f.value = "2013-11-05"; f.dispatchEvent(new Event("change", { bubbles: true })) }`, notice, "Not processed: 2013-11-05.All days"},
		{`{ const f = document.querySelector("#from"); f.value = "2013-11-07"; f.dispatchEvent(new Event("change", { bubbles: true })) }`, notice, "Not processed yet: the site has days of submission to 2013-11-06.All days"},
		{press, curves, "nightly/27|aurora/26"},
	} {
		if step.do != "" {
			tab.Do(step.do)
		}
		if got := tab.Text(step.see); got != step.want {
			t.Errorf("after %s\n%s is\n%s, want\n%s", step.do, step.see, got, step.want)
		}
	}
}

// testNothingToShow: a page without plots says why.
func testNothingToShow(t *testing.T, tab *browser.Tab, url string) {
	tab.Open(url)
	for _, c := range []struct{ hash, want string }{
		{"measure=OK&arch=x86-64", "No ping with OK is of what is chosen: Architecture x86-64.Choose all"},
		{"measure=GC_MS&min=1000", "No day has 1000 pings with GC_MS: all 2 are hidden. The distribution has them.Show them"},
		{"measure=GC_MS&min=300", "Hidden by day, not in the distribution: 1 of 2 points with fewer than 300 pings.Show them"},
		{"measure=NOBODY", "NOBODY is not in nightly/27."},
		{"measure=COUNTED", "COUNTED is not in nightly/27 (left out when the site was made: kind count)."},
		{"measure=OLD&by=submission", "OLD has no pings by submission date: all came more than 60 days after their build.By build date"},
		{"measure=OK&to=20130101", "No ping with OK is of these days; there are some from 2013-11-01 to 2013-11-01.All days"},
		{"measure=OK&release=nightly/27&release=aurora/26", "OK is not in aurora/26."},
		{"release=beta/1", "The site has no release beta/1."},
		{"by=%FF&from=x&min=-1&split=__proto__&show=__proto__&cumulative=0&__proto__=1", ""},
	} {
		tab.Do(`new Promise((done) => {
			addEventListener("popstate", () => done(), { once: true });
			location.hash = "` + c.hash + `";
		})`)
		if got := tab.Text(notice); got != c.want {
			t.Errorf("#%s: the notice is\n%s, want\n%s", c.hash, got, c.want)
		}
	}
}

// testHostileNames: names are text, whatever they are.
func testHostileNames(t *testing.T, tab *browser.Tab, url string) {
	tab.Open(url + "/#split=OS&min=0")
	tab.Do(`document.querySelector("#days").open = true`)
	if got := tab.Text(curves); got != `WINNT|Linux|<img src=x onerror="document.title='hostile'">` {
		t.Errorf("the curves are %s", got)
	}
	tab.Open(url + "/#measure=__proto__&split=arch")
	if got := tab.Text(days); got != "2013-11-01 x86-64 200 200 200 0.25 0.5 0.25" {
		t.Errorf("the measure __proto__ has %s", got)
	}
	tab.Do(`import("./table.js").then((table) => { window.csv = table.csv })`)
	const table = `csv({ columns: [{ name: "a,b" }], rows: [["=1+1"], ["say \"x\""], [-1.5], [null]] })`
	if got, want := tab.Text(table), "\"a,b\"\r\n'=1+1\r\n\"say \"\"x\"\"\"\r\n-1.5\r\n\r\n"; got != want {
		t.Errorf("as CSV that is %q, want %q", got, want)
	}
	if got := tab.Text(`document.title + document.querySelectorAll("img, b img, p b").length`); got != "__proto__ – Telemetry dashboard0" {
		t.Errorf("the title, and elements that names have made: %s", got)
	}
}

// testKeyboard uses the page without a mouse.
func testKeyboard(t *testing.T, tab *browser.Tab, url string) {
	tab.Open(url)
	tab.Run(chromedp.Focus("#measure input", chromedp.ByQuery),
		chromedp.SendKeys("#measure input", "yes no", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
	tab.Settle()
	if got := tab.Text(hash); got != "#measure=OK" {
		t.Errorf("a search for words of the description leads to %s", got)
	}
	const bars = `document.querySelector("#histogram figcaption").textContent`
	tab.Run(chromedp.Focus("#histogram .plot", chromedp.ByQuery), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	if got := tab.Text(bars); got != "truesamples 75 % (300)" {
		t.Errorf("the second bar reads %s", got)
	}
	tab.Run(chromedp.Focus("#evolution .plot", chromedp.ByQuery), chromedp.KeyEvent(kb.End))
	if got := tab.Text(curves); got != "false 25 %|true 75 %" {
		t.Errorf("the last day reads %s", got)
	}
}
