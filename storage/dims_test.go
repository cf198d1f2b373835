package storage_test

import (
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

func TestDims(t *testing.T) {
	d := storage.NewDims([]string{"app", "channel"}, []string{"Firefox", ""})
	if got := d.Get("app"); got != "Firefox" {
		t.Errorf(`Get("app") = %q`, got)
	}
	if got := d.Get("channel"); got != "" {
		t.Errorf(`Get("channel") = %q`, got)
	}
	if got := d.String(); got != "Firefox/" {
		t.Errorf("String() = %q", got)
	}
	var all []string
	for name, value := range d.All() {
		all = append(all, name+"="+value)
	}
	if got := strings.Join(all, " "); got != "app=Firefox channel=" {
		t.Errorf("All() = %q", got)
	}
	for range d.All() {
		break
	}
}

func TestDimsPanic(t *testing.T) {
	for _, tt := range []struct {
		do   func()
		want string
	}{
		{func() { storage.NewDims([]string{"app", "channel"}, []string{"", ""}).Get("App") }, `unknown dimension "App"; known are app, channel`},
		{func() { storage.Dims{}.Get("app") }, `unknown dimension "app"`},
		{func() { storage.NewDims([]string{"app"}, nil) }, "1 names and 0 values"},
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, tt.want) {
					t.Errorf("panic %q, want %q", got, tt.want)
				}
			}()
			tt.do()
		}()
	}
}
