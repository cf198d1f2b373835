package filter_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/telemetry-mr/mr/filter"
)

// A job of the first of November reads the week before.
func Example() {
	options := filter.Options{
		Dimensions: []filter.Dimension{{Name: "channel"}, {Name: "version", Type: "version"}, {Name: "date", Type: "date"}},
		Now:        time.Date(2013, time.November, 1, 3, 0, 0, 0, time.UTC),
	}
	f, err := options.ParseExpr("channel!=release version=9..28 date=-7d..yesterday")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f)
	for _, version := range []string{"8.0", "10.0a1", "28.0.1", "OTHER"} {
		fmt.Println(version, f.Match("version", version))
	}
	document, err := json.Marshal(f)
	fmt.Println(string(document), err)
	// Output:
	// channel!=release date=20131025..20131031 version=9..28
	// 8.0 false
	// 10.0a1 true
	// 28.0.1 true
	// OTHER false
	// {"version":1,"dimensions":[{"field_name":"channel","allowed_values":{"not":["release"]}},{"field_name":"date","allowed_values":{"min":"20131025","max":"20131031999999"},"type":"date"},{"field_name":"version","allowed_values":{"min":"9","max":"28"},"type":"version"}]} <nil>
}
