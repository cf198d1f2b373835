package worker

import (
	"maps"
	"slices"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker/workerpb"
)

// Each type of worker.go and its message, forth and back. A slice without elements comes back as nil.

func (s Setup) proto() *workerpb.SetupRequest {
	return &workerpb.SetupRequest{
		Data:        []byte(s.Data),
		Schema:      s.Schema,
		Format:      []byte(s.Format),
		MemoryBytes: s.MemoryBytes,
		RunBytes:    s.RunBytes,
		RecordBytes: s.RecordBytes,
		Checksums:   s.Checksums,
		Profile:     []byte(s.Profile),
	}
}

func setupOf(m *workerpb.SetupRequest) Setup {
	return Setup{
		Data:        string(m.GetData()),
		Schema:      m.GetSchema(),
		Format:      string(m.GetFormat()),
		MemoryBytes: m.GetMemoryBytes(),
		RunBytes:    m.GetRunBytes(),
		RecordBytes: m.GetRecordBytes(),
		Checksums:   m.GetChecksums(),
		Profile:     string(m.GetProfile()),
	}
}

func (d Description) proto() *workerpb.Description {
	return &workerpb.Description{
		Key:     []byte(d.Key),
		Value:   []byte(d.Value),
		MapOnly: d.MapOnly,
		Columns: each(d.Columns, func(s string) []byte { return []byte(s) }),
	}
}

func descriptionOf(m *workerpb.Description) Description {
	return Description{
		Key:     string(m.GetKey()),
		Value:   string(m.GetValue()),
		MapOnly: m.GetMapOnly(),
		Columns: each(m.GetColumns(), func(b []byte) string { return string(b) }),
	}
}

func (t MapTask) proto() *workerpb.MapTask {
	return &workerpb.MapTask{
		Id:         int64(t.ID),
		Prefix:     []byte(t.Prefix),
		Files:      each(t.Files, File.proto),
		MaxBad:     t.MaxBad,
		Quarantine: t.Quarantine,
		Probe:      t.Probe.proto(),
		Careful:    t.Careful,
	}
}

func mapTaskOf(m *workerpb.MapTask) MapTask {
	return MapTask{
		ID:         int(m.GetId()),
		Prefix:     string(m.GetPrefix()),
		Files:      each(m.GetFiles(), fileOf),
		MaxBad:     m.GetMaxBad(),
		Quarantine: m.GetQuarantine(),
		Probe:      probeOf(m.GetProbe()),
		Careful:    m.GetCareful(),
	}
}

func (p *Probe) proto() *workerpb.Probe {
	if p == nil {
		return nil
	}
	return &workerpb.Probe{Path: []byte(p.Path), Offset: p.Offset}
}

func probeOf(m *workerpb.Probe) *Probe {
	if m == nil {
		return nil
	}
	return &Probe{Path: string(m.GetPath()), Offset: m.GetOffset()}
}

func (b BadRecord) proto() *workerpb.BadRecord {
	return &workerpb.BadRecord{
		Path: []byte(b.Path), Line: b.Line, Offset: b.Offset, Class: []byte(b.Class), Reason: []byte(b.Reason), Detail: []byte(b.Detail),
	}
}

func badRecordOf(m *workerpb.BadRecord) BadRecord {
	return BadRecord{
		Path: string(m.GetPath()), Line: m.GetLine(), Offset: m.GetOffset(),
		Class: string(m.GetClass()), Reason: string(m.GetReason()), Detail: string(m.GetDetail()),
	}
}

func (f File) proto() *workerpb.File {
	m := &workerpb.File{Path: []byte(f.Path), Size: f.Size, ModTime: f.ModTime, Aside: each(f.Aside, BadRecord.proto), Damaged: f.Damaged}
	if p := f.Part; p != (Part{}) {
		m.Part = &workerpb.Part{Offset: p.Offset, Length: p.Length, Line: p.Line, Start: p.Start, Bytes: p.Bytes}
	}
	return m
}

func fileOf(m *workerpb.File) File {
	p := m.GetPart()
	return File{
		Path:    string(m.GetPath()),
		Size:    m.GetSize(),
		ModTime: m.GetModTime(),
		Part:    Part{Offset: p.GetOffset(), Length: p.GetLength(), Line: p.GetLine(), Start: p.GetStart(), Bytes: p.GetBytes()},
		Aside:   each(m.GetAside(), badRecordOf),
		Damaged: m.GetDamaged(),
	}
}

func (t ReduceTask) proto() *workerpb.ReduceTask {
	return &workerpb.ReduceTask{
		Id:     int64(t.ID),
		Prefix: []byte(t.Prefix),
		Runs: each(t.Runs, func(r Run) *workerpb.Run {
			r.Samples = nil
			return r.proto()
		}),
		Low:     t.Low,
		High:    t.High,
		Careful: t.Careful,
	}
}

func reduceTaskOf(m *workerpb.ReduceTask) ReduceTask {
	return ReduceTask{
		ID:     int(m.GetId()),
		Prefix: string(m.GetPrefix()),
		Runs:   each(m.GetRuns(), runOf),
		Low:    m.GetLow(),
		High:   m.GetHigh(),

		Careful: m.GetCareful(),
	}
}

func (r MapResult) proto() *workerpb.MapResult {
	return &workerpb.MapResult{
		Runs:       each(r.Runs, Run.proto),
		Rows:       r.Rows.proto(),
		Counters:   r.Counters.proto(),
		Bad:        each(r.Bad, BadRecord.proto),
		Checksums:  r.Checksums,
		Quarantine: r.Quarantine.proto(),
	}
}

func mapResultOf(m *workerpb.MapResult) MapResult {
	return MapResult{
		Runs:       each(m.GetRuns(), runOf),
		Rows:       rowsOf(m.GetRows()),
		Counters:   countersOf(m.GetCounters()),
		Bad:        each(m.GetBad(), badRecordOf),
		Checksums:  m.GetChecksums(),
		Quarantine: rowsOf(m.GetQuarantine()),
	}
}

func (r ReduceResult) proto() *workerpb.ReduceResult {
	return &workerpb.ReduceResult{Rows: r.Rows.proto(), Counters: r.Counters.proto()}
}

func reduceResultOf(m *workerpb.ReduceResult) ReduceResult {
	r := ReduceResult{Counters: countersOf(m.GetCounters())}
	if rows := rowsOf(m.GetRows()); rows != nil {
		r.Rows = *rows
	}
	return r
}

func (p Progress) proto() *workerpb.Progress {
	return &workerpb.Progress{Steps: p.Steps, Records: p.Records, Bytes: p.Bytes}
}

func progressOf(m *workerpb.Progress) Progress {
	return Progress{Steps: m.GetSteps(), Records: m.GetRecords(), Bytes: m.GetBytes()}
}

func (r Run) proto() *workerpb.Run {
	return &workerpb.Run{
		Path: []byte(r.Path), Bytes: r.Bytes, Pairs: r.Pairs, Samples: r.Samples, SampleBytes: r.SampleBytes,
	}
}

func runOf(m *workerpb.Run) Run {
	return Run{
		Path:        string(m.GetPath()),
		Bytes:       m.GetBytes(),
		Pairs:       m.GetPairs(),
		Samples:     m.GetSamples(),
		SampleBytes: m.GetSampleBytes(),
	}
}

func (r *Rows) proto() *workerpb.Rows {
	if r == nil {
		return nil
	}
	return &workerpb.Rows{Path: []byte(r.Path), Bytes: r.Bytes, Rows: r.Rows, Checksum: r.Checksum}
}

func rowsOf(m *workerpb.Rows) *Rows {
	if m == nil {
		return nil
	}
	return &Rows{Path: string(m.GetPath()), Bytes: m.GetBytes(), Rows: m.GetRows(), Checksum: m.GetChecksum()}
}

func (c Counters) proto() []*workerpb.Counter {
	return each(slices.Sorted(maps.Keys(c)), func(name string) *workerpb.Counter {
		return &workerpb.Counter{Name: []byte(name), N: c[name]}
	})
}

func countersOf(m []*workerpb.Counter) Counters {
	if len(m) == 0 {
		return nil
	}
	c := make(Counters, len(m))
	for _, counter := range m {
		c[string(counter.GetName())] = counter.GetN()
	}
	return c
}

func each[A, B any](a []A, f func(A) B) []B {
	if len(a) == 0 {
		return nil
	}
	b := make([]B, len(a))
	for i := range a {
		b[i] = f(a[i])
	}
	return b
}
