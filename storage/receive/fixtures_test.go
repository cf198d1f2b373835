package receive_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage/receive"
)

func TestRequestsOf2013(t *testing.T) {
	var want struct {
		Defaults map[string]any
		Requests []struct {
			Name, Method, URL string
			Status            int
			Headers           map[string]string
			Body              int     `json:"body_length"`
			Path              *string `json:"stored_path"`
		}
		Clients []struct {
			Forwarded    string `json:"x-forwarded-for"`
			Peer, Stored string
		} `json:"client_ip"`
	}
	if err := json.Unmarshal(testkit.ReadFixture(t, "telemetry-server/receiver/requests.json"), &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Requests) < 19 || len(want.Clients) < 4 {
		t.Errorf("%d requests, %d clients", len(want.Requests), len(want.Clients))
	}
	c := config(t)
	s := serve(t, c, nil)
	var kept []string
	for _, r := range want.Requests {
		r.URL = strings.Replace(r.URL, "(10241 bytes)", strings.Repeat("x", 10241), 1)
		text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: h\r\n", r.Method, r.URL)
		for name, value := range r.Headers {
			text += name + ": " + value + "\r\n"
		}
		if r.Body > 0 {
			text += fmt.Sprintf("Content-Length: %d\r\n", r.Body)
		}
		if got := s.raw(text+"\r\n"+strings.Repeat("x", r.Body), 1); !slices.Equal(got, []int{r.Status}) {
			if r.Headers["Content-Length"] != "abc" || !slices.Equal(got, []int{400}) { // as it allows an HTTP library
				t.Errorf("%s: status %v, want %d", r.Name, got, r.Status)
			}
		}
		if r.Path != nil {
			kept = append(kept, *r.Path)
		}
	}
	s.stop()
	if got := paths(stored(t, c.LogPath)); !slices.Equal(got, kept) {
		t.Errorf("kept %q, want %q", got, kept)
	}
	for _, client := range want.Clients {
		peer := client.Peer + ":99"
		if strings.Contains(client.Peer, ":") {
			peer = "[" + client.Peer + "]:99"
		}
		if got := address(t, peer, client.Forwarded, []string{"10.0.0.0/8"}); got != client.Stored {
			t.Errorf("peer %s, forwarded for %q: kept %q, want %q", client.Peer, client.Forwarded, got, client.Stored)
		}
	}
	document, err := json.Marshal(want.Defaults)
	if err != nil {
		t.Fatal(err)
	}
	defaults := receive.DefaultConfig()
	defaults.LogPath, defaults.RequestLog = "./", want.Defaults["stats_log_file"].(string)
	got := receive.DefaultConfig()
	if err := got.Parse(document); err != nil || fmt.Sprint(got) != fmt.Sprint(defaults) {
		t.Errorf("the defaults of 2013 make %+v of %+v, %v", got, defaults, err)
	}
}

func TestConfigsOf2013(t *testing.T) {
	c := receive.DefaultConfig()
	if err := c.Parse(testkit.ReadFixture(t, "telemetry-server/receiver/server_config.json")); err != nil {
		t.Error(err)
	}
	if !c.IncludeIP || c.LogPath != "/mnt/telemetry/data" || c.MaxLogSize != 524288000 {
		t.Errorf("%+v", c)
	}
	err := c.Parse(testkit.ReadFixture(t, "telemetry-server/receiver/server_config.spot.json")) // two keys are misspelt; nobody was told
	if e, ok := errors.AsType[*receive.ConfigError](err); !ok || e.Line != 3 || !strings.Contains(e.Msg, "max_data_lenth") {
		t.Errorf("error %v, want one about max_data_lenth in line 3", err)
	}
}
