package gen

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
)

// machine is a made-up client: what stays the same from one of its pings to the next.
type machine struct {
	os, osVersion string
	arch, locale  string
	cpus, memory  int
	slow          float64 // how much slower than usual, about -2 to 2
	adapter       adapter
	flash         string
	features      uint64 // of the processor and so on, one bit each
	addons        []string
}

// adapter is a graphics adapter and its driver.
type adapter struct {
	description, vendor, device, driver, version, date string
	ram                                                int
}

var (
	desktops = []weighted{{"WINNT", 912}, {"Darwin", 60}, {"Linux", 28}}
	versions = map[string][]weighted{
		"WINNT":   {{"5.1", 190}, {"6.0", 50}, {"6.1", 560}, {"6.2", 120}, {"6.3", 80}},
		"Darwin":  {{"10.8.0", 150}, {"11.4.2", 200}, {"12.5.0", 300}, {"13.0.0", 350}},
		"Linux":   {{"3.2.0-56-generic", 300}, {"3.8.0-33-generic", 300}, {"3.11.0-14-generic", 400}},
		"Android": {{"10", 150}, {"15", 200}, {"16", 350}, {"17", 200}, {"18", 100}},
	}
	locales = []weighted{
		{"en-US", 480},
		{"de", 110},
		{"fr", 80},
		{"es-ES", 70},
		{"ru", 70},
		{"pl", 50},
		{"pt-BR", 50},
		{"it", 40},
		{"ja", 30},
		{"zh-CN", 20},
	}
	flashes  = sync.OnceValue(newFlashes)
	adapters = sync.OnceValue(newAdapters)
	addons   = sync.OnceValue(newAddons)
)

func newFlashes() []string {
	list := []string{"", ""} // not installed
	for i := range 14 {
		list = append(list, fmt.Sprintf("11.%d.%d.%d", 2+i%7, 100*(1+i), 37+i*11))
	}
	return list
}

func newAdapters() []adapter {
	rng := rand.New(rand.NewPCG(2013, 11))
	makers := []struct{ name, vendor, driver string }{
		{"Borealis HD Graphics %d", "0x8086", "brgumd64 brgumd32"},
		{"Tundra GT %d", "0x10de", "tundra3d tundra3dum tundra3dum"},
		{"Cinder R%d Series", "0x1002", "cndxx32 cndxx64 cndumd"},
	}
	list := make([]adapter, 150)
	for i := range list {
		m := makers[rng.IntN(len(makers))]
		list[i] = adapter{
			description: fmt.Sprintf(m.name, 1000+10*rng.IntN(400)),
			vendor:      m.vendor,
			device:      fmt.Sprintf("0x%04x", rng.IntN(1<<16)),
			driver:      m.driver,
			version:     fmt.Sprintf("%d.%d.%d.%d", 6+rng.IntN(4), rng.IntN(20), 10+rng.IntN(5), 1000+rng.IntN(3000)),
			date:        fmt.Sprintf("%d-%d-%d", 1+rng.IntN(12), 1+rng.IntN(28), 2008+rng.IntN(6)),
			ram:         64 << rng.IntN(6),
		}
	}
	return list
}

// newAddons makes ids as they stand in info.addons: percent-encoded, with a version after the last colon.
func newAddons() []string {
	rng := rand.New(rand.NewPCG(2013, 12))
	words := strings.Fields("clip dark easy feed find flash grab home leaf link mail note page quick read safe save tab trans video web zoom")
	list := make([]string, 1500)
	for i := range list {
		version := fmt.Sprintf("%d.%d.%d", rng.IntN(8), rng.IntN(20), rng.IntN(10))
		if rng.IntN(2) == 0 {
			list[i] = fmt.Sprintf("%%7B%s%%7D:%s", appendUUID(nil, rng.Uint64(), rng.Uint64()), version)
			continue
		}
		list[i] = fmt.Sprintf("%s%s%d%%40example.org:%s", words[rng.IntN(len(words))], words[rng.IntN(len(words))], i, version)
	}
	return list
}

// newMachine draws a machine on which the application runs.
func newMachine(rng *rand.Rand, app string) machine {
	m := machine{
		arch: "x86", os: "Android",
		locale:   pick(rng, locales),
		cpus:     []int{1, 2, 2, 2, 4, 4, 4, 8}[rng.IntN(8)],
		memory:   512<<rng.IntN(6) - rng.IntN(64),
		slow:     rng.NormFloat64(),
		adapter:  adapters()[int(float64(len(adapters()))*rng.Float64()*rng.Float64())],
		flash:    flashes()[rng.IntN(len(flashes()))],
		features: rng.Uint64(),
	}
	if app != "Fennec" {
		m.os = pick(rng, desktops)
	}
	m.osVersion = pick(rng, versions[m.os])
	switch {
	case m.os == "Android":
		m.arch, m.flash = "arm", ""
	case m.os != "WINNT":
		m.arch = "x86-64"
	}
	for range int(rng.ExpFloat64() * 6) {
		x := rng.Float64()
		m.addons = append(m.addons, addons()[int(float64(len(addons()))*x*x*x)])
	}
	return m
}

// appendInfo appends the members of info. The operating system, as in stored pings of the time, is far from the beginning.
func (m *machine) appendInfo(d []byte, rng *rand.Rand, o *origin) []byte {
	bit := func(n int) bool { return m.features>>(2*n)&3 != 0 } // three of four have it
	x86 := m.arch != "arm"
	d = appendString(d, "adapterDriverVersion", m.adapter.version)
	d = appendBool(d, "hasARMv6", !x86)
	d = appendBool(d, "hasARMv7", !x86 && bit(0))
	d = appendString(d, "appName", o.app)
	d = appendString(d, "locale", m.locale)
	d = appendString(d, "appUpdateChannel", o.channel)
	d = appendString(d, "adapterDeviceID", m.adapter.device)
	if m.flash != "" {
		d = appendString(d, "flashVersion", m.flash)
	}
	d = appendInt(d, "memsize", m.memory)
	d = appendString(d, "adapterDescription", m.adapter.description)
	d = appendBool(d, "hasSSE4A", x86 && !bit(1))
	d = appendBool(d, "hasSSE4_1", x86 && bit(2))
	d = appendBool(d, "hasSSE4_2", x86 && bit(2) && bit(3))
	d = appendBool(d, "isWow64", m.os == "WINNT" && bit(4))
	d = appendString(d, "appVersion", o.version)
	d = appendString(d, "version", m.osVersion)
	d = appendBool(d, "hasSSSE3", x86 && bit(5))
	d = appendString(d, "adapterVendorID", m.adapter.vendor)
	d = appendBool(d, "hasMMX", x86)
	d = appendString(d, "adapterDriverDate", m.adapter.date)
	d = appendInt(d, "adapterRAM", m.adapter.ram)
	d = append(d, `"revision":"`+revisionHost...)
	d = append(d, repositories[o.channel]...)
	d = append(d, "/rev/"...)
	d = appendHex12(d, mix(uint64(o.major), uint64(len(o.channel))<<32|hash(o.build)))
	d = append(d, `",`...)
	d = appendString(d, "appBuildID", o.build)
	d = appendString(d, "appID", "{5a1c0f3e-2b74-4d19-8e60-77d3b1a9c24f}")
	d = appendString(d, "reason", o.reason)
	d = appendInt(d, "cpucount", m.cpus)
	d = appendString(d, "arch", m.arch)
	d = appendBool(d, "hasEDSP", !x86)
	d = appendString(d, "DWriteVersion", "6.2.9200.16"+strconv.Itoa(400+int(m.features>>40%200)))
	d = appendBool(d, "D2DEnabled", bit(6))
	d = appendBool(d, "DWriteEnabled", bit(6) && bit(7))
	d = appendBool(d, "hasSSE2", x86)
	d = appendBool(d, "hasSSE3", x86 && bit(8))
	d = appendString(d, "adapterDriver", m.adapter.driver)
	d = appendBool(d, "hasSSE", x86)
	d = appendString(d, "platformBuildID", o.build)
	d = appendBool(d, "hasNEON", !x86 && bit(9))
	d = append(d, `"addons":"`...)
	for i, addon := range m.addons {
		if i > 0 {
			d = append(d, ',')
		}
		d = append(d, addon...)
	}
	d = append(d, `",`...)
	if rng.IntN(8) == 0 {
		d = appendString(d, "persona", strconv.Itoa(10000+rng.IntN(90000)))
	}
	if m.os != "" {
		d = appendString(d, "OS", m.os)
	}
	return trimComma(d)
}

// revisionHost begins the URL of every revision.
const revisionHost = "http://hg.mozilla.org/"

var repositories = map[string]string{
	"nightly": "mozilla-central",
	"default": "mozilla-central",
	"aurora":  "releases/mozilla-aurora",
	"beta":    "releases/mozilla-beta",
	"release": "releases/mozilla-release",
}

// hash is FNV-1a, 32 bits.
func hash(s string) uint64 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return uint64(h)
}

func appendHex12(d []byte, v uint64) []byte {
	for n := 11; n >= 0; n-- {
		d = append(d, "0123456789abcdef"[v>>(4*n)&15])
	}
	return d
}
