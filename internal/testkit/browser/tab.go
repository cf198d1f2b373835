package browser

import (
	"context"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A Tab is a page that tells by the body's aria-busy whether it is at work.
type Tab struct {
	T   *testing.T // that is running
	ctx context.Context

	mu       sync.Mutex
	messages []string // of the console
}

// NewTab starts a browser with a window of that size, see Start. With -short the test is skipped.
func NewTab(t *testing.T, width, height int) *Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	tab := &Tab{T: t, ctx: Start(t, width, height)}
	chromedp.ListenTarget(tab.ctx, tab.hear)
	tab.Run(log.Enable())
	return tab
}

func (tab *Tab) hear(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		tab.messages = append(tab.messages, e.Entry.Text+" "+e.Entry.URL)
	case *runtime.EventExceptionThrown:
		tab.messages = append(tab.messages, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		tab.messages = append(tab.messages, "console."+e.Type.String())
	}
}

// Quiet fails the test if the browser had anything to complain of.
func (tab *Tab) Quiet() {
	tab.T.Helper()
	tab.mu.Lock()
	defer tab.mu.Unlock()
	if len(tab.messages) > 0 {
		tab.T.Errorf("the console has %q", tab.messages)
	}
}

// Run runs actions.
func (tab *Tab) Run(actions ...chromedp.Action) {
	tab.T.Helper()
	if err := chromedp.Run(tab.ctx, actions...); err != nil {
		tab.T.Fatal(err)
	}
}

// Open loads an address and waits until the page shows it.
func (tab *Tab) Open(url string) {
	tab.T.Helper()
	tab.Run(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	tab.Settle()
}

// Settle waits until the page is not at work.
func (tab *Tab) Settle() {
	tab.T.Helper()
	tab.Run(chromedp.Poll(`document.body.ariaBusy === "false"`, nil))
}

// Do runs a script, and waits for its promise and until the page shows what follows.
func (tab *Tab) Do(script string) {
	tab.T.Helper()
	tab.Run(chromedp.Evaluate(script, nil, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	tab.Settle()
}

// Text is the text that a script returns.
func (tab *Tab) Text(script string) string {
	tab.T.Helper()
	var s string
	tab.Run(chromedp.Evaluate(script, &s))
	return s
}
