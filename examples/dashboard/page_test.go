package main // a test of another package could not call the verbs

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/telemetry-mr/mr/examples/dashboard/web"
	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/internal/testkit/browser"
)

// TestRealPings uses the page with pings that browsers have sent; TestDemo does with those of the demo.
func TestRealPings(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	store, state, site := testkit.Fixture(t, "real/telemetry"), t.TempDir(), t.TempDir()
	definitions := testkit.Fixture(t, "real/histograms/a55c55edf302.Histograms.json")
	if err := update(t.Context(), []string{"--data", store, "--state", state, "--day", "20120101..20191231"}); err != nil {
		t.Fatal(err)
	}
	if err := publishSite(t.Context(), []string{"--state", state, "--site", site, "--definitions", definitions}); err != nil {
		t.Fatal(err)
	}
	useControls(t, site)
}

// controls are functions for scripts, and listeners that note which controls were used.
const controls = `(() => {
	window.all = (selector) => [...document.querySelectorAll(selector)];
	window.settled = () => new Promise((done) => {
		const wait = () => document.body.ariaBusy === "false" ? done() : setTimeout(wait, 5);
		setTimeout(wait, 5);
	});
	window.enter = async (e, value, type = "change") => {
		e.value = value;
		e.dispatchEvent(new Event(type, { bubbles: true }));
		await settled();
	};
	window.press = async (e) => { e.click(); await settled(); };
	// The name of a control: all options of a picker have one, and all lines to tick have.
	window.nameOf = (e) => {
		const picker = e.closest(".picker")?.querySelector("legend").textContent;
		if (picker) { return picker + " " + (e.type ?? e.localName); }
		if (e.closest("#notice")) { return "button of the notice"; }
		return e.id || e.name + (e.type === "radio" ? e.value : "") || e.closest("[id]")?.id + " " + e.localName;
	};
	window.used = new Set();
	for (const type of ["change", "input", "click"]) {
		document.addEventListener(type, ({ target }) => used.add(nameOf(target)), { capture: true });
	}
	window.unused = () => [...new Set(all("input, select, button, summary, a[href]").filter((e) => !e.hidden).map(nameOf))].filter((name) => !used.has(name)).join();
	window.saved = [];
	URL.createObjectURL = (blob) => { saved.push(blob); return "#" };
	HTMLAnchorElement.prototype.click = new Proxy(HTMLAnchorElement.prototype.click, {
		apply: (click, link, args) => link.download ? undefined : Reflect.apply(click, link, args),
	});
})()`

// steps are what is done, and what is to be true then.
var steps = []struct{ do, is string }{
	{`for (const e of all(".picker summary")) { await press(e); }`, `all(".picker").filter((p) => p.open).length === 6`},
	{
		`for (const name of all(".picker legend").map((l) => l.textContent)) {
			const options = () => all(".picker").find((p) => p.querySelector("legend").textContent === name).querySelectorAll("input[type=checkbox]");
			for (let i = 0; i < Math.min(4, options().length); i++) {
				await press(options()[i]);
				await press(options()[i]);
			}
		}`, `location.hash === "" || location.hash.startsWith("#release=") || location.hash === "#"`,
	},
	{`for (const e of all(".picker input[type=search]")) {
		await enter(e, "zzz", "input");
		if ([...e.parentElement.querySelectorAll("label")].some((l) => !l.hidden)) { throw "zzz is found"; }
		await enter(e, "", "input");
	}`, `all(".picker label").every((l) => !l.hidden)`},
	{`await press(document.querySelector("#reset"))`, `location.hash === "" || /^#measure=[A-Z_]+$/.test(location.hash)`},
	{`const box = document.querySelector("#measure input");
	box.focus();
	await press(box);
	window.found = all("#found li[role=option]").length;
	for (const key of ["ArrowUp", "ArrowDown", "ArrowDown", "Escape", "ArrowDown", "Enter"]) {
		box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
	}
	await settled();
	await enter(box, "s", "input");
	await press(document.querySelector("#found li[role=option]"));`, `found > 1 && location.hash.startsWith("#measure=")`},
	{`window.measures = []; await press(document.querySelector("#measure input"));
	const names = all("#found li[role=option]").map((li) => li.firstChild.textContent).slice(0, 12);
	for (const name of names) {
		history.pushState(null, "", "#measure=" + name);
		dispatchEvent(new PopStateEvent("popstate"));
		await settled();
		if (document.querySelector("h2").textContent !== name || document.querySelector("#views").hidden) { measures.push(name); }
	}`, `measures.length === 0`},
	{`await press(document.querySelector("[value=submission]"))`, `document.querySelector("#by :checked").value === "submission"`},
	{`await press(document.querySelector("[value=build]"))`, `!location.hash.includes("by=")`},
	{`for (const e of all("#split option")) { await enter(document.querySelector("#split"), e.value); }
	await enter(document.querySelector("#split"), "");`, `!location.hash.includes("split")`},
	{`for (const id of ["from", "to"]) {
		await enter(document.getElementById(id), "2001-01-01");
		if (!location.hash.includes(id + "=20010101")) { throw id; }
		await enter(document.getElementById(id), "");
	}`, `!/from|to=/.test(location.hash)`},
	{`await enter(document.querySelector("#min"), "99999999")`, `document.querySelector("#notice button") !== null`},
	{`await press(document.querySelector("#notice button"))`, `document.querySelector("#notice button") === null`},
	{
		`for (let i = 0; i < all("#curves input").length; i++) { await press(all("#curves input")[i]); await press(all("#curves input")[i]); }`,
		`document.querySelector("#evolution canvas") !== null`,
	},
	{`await press(document.querySelector("#cumulative"))`, `location.hash.includes("cumulative")`},
	{`await press(document.querySelector("#cumulative"))`, `!location.hash.includes("cumulative")`},
	{
		`await press(document.querySelector("#days summary")); await press(document.querySelector("#buckets summary"))`,
		`all("#days td").length > 1 && all("#buckets td").length > 1 && all("details:not(.picker)").every((d) => d.open)`,
	},
	{`await press(document.querySelector("#csv")); await press(document.querySelector("#json"));
	const [csv, json] = await Promise.all(saved.map((blob) => blob.text()));
	window.rows = csv.split("\r\n").length; window.days = JSON.parse(json).days.rows.length;`, `rows === days + 2`},
	{`await press(document.querySelector(".skip"))`, `document.activeElement.id === "main"`},
}

// useControls uses all controls of the page of a site, and fails if there are others.
func useControls(t *testing.T, dir string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	server := httptest.NewServer(web.Handler(root.FS()))
	defer server.Close()
	tab := browser.NewTab(t, 1200, 1000)
	tab.Open(server.URL)
	tab.Do(controls)
	for _, step := range steps {
		tab.Do(`(async () => { ` + step.do + ` })()`)
		if got := tab.Text(`String(` + step.is + `)`); got != "true" {
			t.Errorf("after %s\nat %s: not %s", step.do, tab.Text("location.href"), step.is)
		}
		tab.Quiet()
	}
	tab.Run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	drag(t, tab)
	if left := tab.Text("unused()"); left != "" {
		t.Errorf("nobody has used the controls %s", left)
	}
	tab.Quiet()
}

// drag chooses days by drawing over the plot, if there are several.
func drag(t *testing.T, tab *browser.Tab) {
	t.Helper()
	var plot struct{ X, Y, Width float64 }
	text := tab.Text(`document.querySelector("#evolution").scrollIntoView(); JSON.stringify(document.querySelector("#evolution .u-over").getBoundingClientRect())`)
	if err := json.Unmarshal([]byte(text), &plot); err != nil {
		t.Fatal(err)
	}
	at := func(kind input.MouseType, part float64) chromedp.Action {
		return input.DispatchMouseEvent(kind, plot.X+part*plot.Width, plot.Y+20).WithButton(input.Left).WithClickCount(1)
	}
	tab.Run(at(input.MouseMoved, 0.2), at(input.MousePressed, 0.2), at(input.MouseMoved, 0.5), at(input.MouseMoved, 0.8), at(input.MouseReleased, 0.8))
	tab.Settle()
	several := tab.Text(`String(all("#days tbody tr").length > 2)`) == "true"
	if hash := tab.Text(`location.hash`); several && !(strings.Contains(hash, "from=") && strings.Contains(hash, "to=")) {
		t.Errorf("drawing over the plot leads to %s", hash)
	}
}
