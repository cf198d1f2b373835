package convert

import "bytes"

// A source says where a field of info comes from: a path below application or environment.
type source struct {
	field string
	path  []string
}

func from(field string, path ...string) source { return source{field, path} }

var fromApplication = []source{
	from("appName", "name"),
	from("appUpdateChannel", "channel"),
	from("appVersion", "version"),
	from("appBuildID", "buildId"),
	from("arch", "architecture"),
	from("platformVersion", "platformVersion"),
	from("xpcomAbi", "xpcomAbi"),
	from("vendor", "vendor"),
}

var fromEnvironment = []source{
	from("appID", "build", "applicationId"),
	from("platformBuildID", "build", "buildId"),
	from("cpucount", "system", "cpu", "count"),
	from("memsize", "system", "memoryMB"),
	from("isWow64", "system", "isWow64"),
	from("device", "system", "device", "model"),
	from("manufacturer", "system", "device", "manufacturer"),
	from("hardware", "system", "device", "hardware"),
	from("tablet", "system", "device", "isTablet"),
	from("locale", "settings", "locale"),
	from("OS", "system", "os", "name"),
	from("version", "system", "os", "version"),
	from("kernel_version", "system", "os", "kernelVersion"),
	from("D2DEnabled", "system", "gfx", "D2DEnabled"),
	from("DWriteEnabled", "system", "gfx", "DWriteEnabled"),
	from("DWriteVersion", "system", "gfx", "DWriteVersion"),
	from("profileHDDModel", "system", "hdd", "profile", "model"),
	from("profileHDDRevision", "system", "hdd", "profile", "revision"),
	from("binHDDModel", "system", "hdd", "binary", "model"),
	from("binHDDRevision", "system", "hdd", "binary", "revision"),
	from("winHDDModel", "system", "hdd", "system", "model"),
	from("winHDDRevision", "system", "hdd", "system", "revision"),
	from("activeExperiment", "addons", "activeExperiment", "id"),
	from("activeExperimentBranch", "addons", "activeExperiment", "branch"),
	from("persona", "addons", "theme", "id"),
}

// fromAdapter is for each of the first two graphics adapters.
var fromAdapter = []source{
	from("adapterDescription", "description"),
	from("adapterVendorID", "vendorID"),
	from("adapterDeviceID", "deviceID"),
	from("adapterSubsysID", "subsysID"),
	from("adapterRAM", "RAM"),
	from("adapterDriver", "driver"),
	from("adapterDriverVersion", "driverVersion"),
	from("adapterDriverDate", "driverDate"),
}

// unified converts a ping of version 4: application, environment and payload beside each other.
func (c *Converter) unified(top *object) *Error {
	kind := top.get("type")
	switch {
	case !truth(kind):
		return failed(Incomplete, "no type")
	case top.get("application") == nil:
		return failed(Incomplete, "no application")
	case top.get("payload") == nil:
		return failed(Incomplete, "no payload")
	case is(top.get("version"), "5"):
		return nil
	case top.get("info") != nil:
		return failed(Misshapen, "info exists already")
	case !isObject(top.get("application")):
		return failed(Misshapen, "application is no object")
	}
	info := c.info[:0]
	for _, s := range fromApplication {
		if value := lookup(top.get("application"), s.path...); value != nil {
			info.set(s.field, value)
		}
	}
	info.set("reason", kind)
	defer func() { c.info = info }()

	session := is(kind, `"saved-session"`)
	if session || is(kind, `"main"`) {
		payload := c.payload[:0].appendMembers(&c.normal, top.at("payload"))
		c.payload = payload
		switch {
		case isMissing(payload.get("info")):
			return failed(Incomplete, "no payload.info")
		case payload.get("histograms") == nil:
			return failed(Incomplete, "no payload.histograms")
		}
		if err := c.pack(&payload, info); err != nil {
			return err
		}
		if session {
			if err := flatten(top, &info, payload); err != nil {
				return err
			}
		} else {
			c.rewritten = payload.appendTo(c.rewritten[:0])
			top.set("payload", c.rewritten)
		}
	}
	c.infoText = info.appendTo(c.infoText[:0])
	top.set("info", c.infoText)
	top.set("version", []byte("5"))
	return nil
}

// flatten moves what a saved session has in its payload and environment to where older versions have it.
func flatten(top, info *object, payload object) *Error {
	environment := top.get("environment")
	switch {
	case isMissing(environment):
		return failed(Incomplete, "no environment")
	case payload.get("ver") == nil:
		return failed(Incomplete, "no payload.ver")
	}
	top.remove("payload")
	up := index(top)
	for _, m := range payload {
		switch name := string(m.name); {
		case name == "info":
			about := index(info)
			for name, value := range members(m.value) {
				if !about.contains(string(name)) {
					about.set(string(name), value)
				}
			}
		case name == "ver", up.contains(name):
			up.set("payload."+name, m.value)
		default:
			up.set(name, m.value)
		}
	}
	describe(info, environment)
	client := top.get("clientId")
	if client == nil {
		client = []byte("null")
	}
	top.set("clientID", client)
	top.set("ver", []byte("5"))
	return nil
}

// describe adds to info what an environment tells of the machine. What is there already stays, and the new value gets another
// name.
func describe(info *object, environment []byte) {
	add := func(name string, value []byte) {
		if value == nil {
			return
		}
		if info.get(name) != nil {
			name = "environment." + name
		}
		info.set(name, value)
	}
	for _, s := range fromEnvironment {
		add(s.field, lookup(environment, s.path...))
	}
	if bytes.HasPrefix(info.get("OS"), []byte(`"Windows_`)) {
		info.set("OS", []byte(`"WINNT"`))
	}
	n := 0
	for adapter := range elements(lookup(environment, "system", "gfx", "adapters")) {
		n++
		suffix := ""
		if n == 2 {
			suffix = "2"
		}
		for _, s := range fromAdapter {
			add(s.field+suffix, lookup(adapter, s.path...))
		}
		if n == 2 {
			active := "false"
			if truth(lookup(adapter, "GPUActive")) {
				active = "true"
			}
			add("isGPU2Active", []byte(active))
			break
		}
	}
}
