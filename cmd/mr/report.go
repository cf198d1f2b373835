package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// A runReport is what --report writes: the members in the order of REPORT.md, which says what they mean, and then the inputs, of
// which there may be many.
type runReport struct {
	MR       string            `json:"mr"`
	Status   int               `json:"status"`
	Error    string            `json:"error,omitempty"`
	Hint     string            `json:"hint,omitempty"`
	Began    time.Time         `json:"began"`
	Seconds  reportSeconds     `json:"seconds"`
	Memory   reportMemory      `json:"memory"`
	Store    string            `json:"store"`
	Filter   filter.Filter     `json:"filter"`
	Job      reportJob         `json:"job"`
	Output   reportOutput      `json:"output"`
	Counts   reportCounts      `json:"counts"`
	Formats  map[string]int64  `json:"formats"`
	Skipped  map[string]int64  `json:"skipped"`
	Counters map[string]int64  `json:"counters"`
	Tasks    reportTasks       `json:"tasks"`
	BadBy    map[string]int64  `json:"bad"`
	Bad      []reportBadRecord `json:"bad_records"`
	Damaged  []reportDamaged   `json:"damaged_files"`
	Strays   []reportStray     `json:"strays"`
}

type reportSeconds struct {
	Total  float64 `json:"total"`
	Map    float64 `json:"map"`
	Reduce float64 `json:"reduce"`
	Join   float64 `json:"join"`
	CPU    float64 `json:"cpu"`
}

type reportMemory struct {
	Limit int64 `json:"limit_bytes"`
	Peak  int64 `json:"peak_bytes"`
}

type reportJob struct {
	Name      string            `json:"name"`
	Arguments []string          `json:"arguments"`
	Program   string            `json:"program,omitempty"`
	SHA256    string            `json:"sha256,omitempty"`
	Go        string            `json:"go,omitempty"`
	Package   string            `json:"package,omitempty"`
	Version   string            `json:"version,omitempty"`
	Build     map[string]string `json:"build,omitempty"`
}

type reportOutput struct {
	File    string   `json:"file,omitempty"`
	Format  string   `json:"format,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Rows    int64    `json:"rows"`
	Bytes   int64    `json:"bytes"`
}

type reportCounts struct {
	Files        int64 `json:"files"`
	StoredBytes  int64 `json:"stored_bytes"`
	Damaged      int64 `json:"damaged_files"`
	DamagedBytes int64 `json:"damaged_bytes"`
	DecodedBytes int64 `json:"decoded_bytes"`
	Records      int64 `json:"records"`
	Mapped       int64 `json:"mapped"`
	Skipped      int64 `json:"skipped"`
	Bad          int64 `json:"bad"`
	Emitted      int64 `json:"pairs_emitted"`
	Combined     int64 `json:"pairs_combined"`
	Spilled      int64 `json:"pairs_spilled"`
	Merged       int64 `json:"pairs_merged"`
	Values       int64 `json:"values"`
	Keys         int64 `json:"keys"`
	Runs         int   `json:"runs"`
	RunBytes     int64 `json:"run_bytes"`
}

type reportTasks struct {
	Map         int `json:"map"`
	Reduce      int `json:"reduce"`
	Retried     int `json:"retried"`
	LostWorkers int `json:"lost_workers"`
}

type reportBadRecord struct {
	Path   string `json:"path"`
	Line   int64  `json:"line"`
	Offset int64  `json:"offset"`
	Class  string `json:"class"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

type reportDamaged struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Offset int64  `json:"offset"`
	Reason string `json:"reason"`
}

type reportStray struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

type reportInput struct {
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	CRC32    string    `json:"crc32,omitempty"`
}

// tryReport finds before the work what would be in the way of a report at its end.
func tryReport(name string) error {
	f, err := storage.CreateFile(name)
	if err != nil {
		return usagef("--report: %v", err)
	}
	return f.Close()
}

// writeReport writes the report of a run that ended with err, and returns how the whole ended. A run that found the output in
// use leaves the report alone, which is most likely the other run's.
func (r *jobRun) writeReport(began time.Time, err error) error {
	if _, inUse := errors.AsType[*mapreduce.InUseError](err); inUse || r.report == "" {
		return err
	}
	wrong := r.newReport(began, err).write(r.report, r.account.Inputs)
	if wrong == nil {
		return err
	}
	wrong = fmt.Errorf("writing the report: %w", wrong)
	if err == nil {
		return fmt.Errorf("the run has succeeded, but %w", wrong)
	}
	fmt.Fprintf(r.env.stderr, "mr: %s\n", printableLines(wrong.Error()))
	return err
}

func (r *jobRun) newReport(began time.Time, err error) *runReport {
	s := r.account
	rep := &runReport{
		MR:      strings.TrimSpace(describe(debug.ReadBuildInfo())),
		Status:  status(err),
		Began:   began.UTC(),
		Seconds: reportSeconds{time.Since(began).Seconds(), s.MapTime.Seconds(), s.ReduceTime.Seconds(), s.CommitTime.Seconds(), s.CPUTime.Seconds()},
		Memory:  reportMemory{s.MemoryLimit, s.PeakMemory},
		Store:   text(absolute(r.cfg.Data)),
		Filter:  r.cfg.Filter,
		Job:     newReportJob(r.job, r.args, s.Program),
		Output:  reportOutput{Format: string(s.Format), Columns: s.Columns, Rows: s.Rows, Bytes: s.Output},
		Counts: reportCounts{
			s.Files, s.StoredBytes, s.Damaged, s.DamagedBytes, s.Bytes, s.Lines, s.Mapped, s.Skipped, s.Bad,
			s.Emitted, s.Combined, s.Spilled, s.Merged, s.Values, s.Groups, s.Runs, s.RunBytes,
		},
		Formats:  texts(s.Formats),
		Skipped:  texts(s.SkippedBy),
		Counters: texts(s.Counts),
		Tasks:    reportTasks{s.MapTasks, s.ReduceTasks, s.Retried, s.LostWorkers},
		BadBy:    texts(s.BadBy),
		Bad:      []reportBadRecord{},
		Damaged:  []reportDamaged{},
		Strays:   []reportStray{},
	}
	if err != nil {
		rep.Error, rep.Hint = text(err.Error()), text(hint(err))
	}
	if r.cfg.Output != "" {
		rep.Output.File = text(absolute(r.cfg.Output))
	}
	for _, b := range s.BadRecords {
		rep.Bad = append(rep.Bad, reportBadRecord{text(b.Path), b.Line, b.Offset, b.Class, text(b.Reason), text(b.Detail)})
	}
	for _, f := range s.DamagedFiles {
		rep.Damaged = append(rep.Damaged, reportDamaged{text(f.Path), f.Size, f.Offset, text(f.Reason)})
	}
	for _, f := range s.Strays {
		rep.Strays = append(rep.Strays, reportStray{text(f.Path), text(f.Reason)})
	}
	return rep
}

func newReportJob(name string, args []string, p *mapreduce.Program) reportJob {
	j := reportJob{Name: text(name), Arguments: make([]string, len(args))}
	for i := range args {
		j.Arguments[i] = text(args[i])
	}
	if p == nil {
		return j
	}
	j.Program, j.SHA256 = text(p.Path), p.SHA256
	if p.Build != nil {
		j.Go, j.Package, j.Version, j.Build = p.Build.GoVersion, p.Build.Path, p.Build.Main.Version, map[string]string{}
		for _, s := range p.Build.Settings {
			j.Build[s.Key] = s.Value
		}
	}
	return j
}

// write makes the report appear under its name, whole. Inputs are written one by one.
func (rep *runReport) write(name string, inputs []mapreduce.Input) error {
	var head bytes.Buffer
	enc := json.NewEncoder(&head)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(rep); err != nil {
		return err
	}
	f, err := storage.CreateFile(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	_, _ = w.Write(bytes.TrimSuffix(head.Bytes(), []byte("\n}\n"))) // errors stick: Flush and Commit tell
	_, _ = w.WriteString(",\n  \"inputs\": [")
	for i, in := range inputs {
		if i > 0 {
			_ = w.WriteByte(',')
		}
		line := reportInput{Path: text(in.Path), Size: in.Size, Modified: in.ModTime.UTC()}
		if in.Read {
			line.CRC32 = fmt.Sprintf("%08x", in.CRC32)
		}
		b, err := json.Marshal(line)
		if err != nil {
			return err
		}
		_, _ = w.WriteString("\n    ")
		_, _ = w.Write(b)
	}
	if len(inputs) > 0 {
		_, _ = w.WriteString("\n  ")
	}
	_, _ = w.WriteString("]\n}\n")
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Commit()
}

// text is s as JSON can hold it: a byte that is not UTF-8 is spelled out, as \xNN.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

func texts(m map[string]int64) map[string]int64 {
	all := make(map[string]int64, len(m))
	for name, n := range m {
		all[text(name)] += n
	}
	return all
}

func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}
