package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestFxosPing(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[reason=ftu appName=FirefoxOS submission_date=20140308]
		id-2 {"activationTime": 1, "pingTime": 2, "deviceinfo.product_model": "ONE, TWO", "icc": {"mcc": "310", "spn": null}, "screenWidth": 320}
		id-1 {"pingTime": 3, "network": {"operator": "A&T"}, "devicePixelRatio": 1.5, "info": {"geoCountry": "US"}}
		id-2 {"pingTime": 1}
	`), `
id-1		3											A&T		1.5			US
id-2	1	2			ONE, TWO			310								320		
id-2		1																
`)
}
