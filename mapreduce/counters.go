package mapreduce

// Names of the counters that tasks report. They are a ledger: what goes into a stage comes out of it or is accounted for,
// and a run whose ledger does not balance fails (see Stats).
const (
	cFiles   = "files"
	cStored  = "stored bytes" // read from files
	cDecoded = "decoded bytes"
	cLines   = "lines"
	cMapped  = "records mapped"
	cSkipped = "records skipped" // also "skip:" and the reason
	cBad     = "records bad"     // also "bad:" and the class

	cEmitted  = "pairs emitted"
	cCombined = "pairs combined" // with another of the same key, in the mapper
	cSpilled  = "pairs spilled"  // written to runs

	cRead   = "pairs read"   // from runs
	cMerged = "pairs merged" // with another of the same key, in the reducer
	cValues = "values"       // given to Reduce, or left over when it returned
	cGroups = "groups"
	cRows   = "rows"

	cBadPrefix    = "bad:"
	cSkipPrefix   = "skip:"
	cJobPrefix    = "job:"
	cFormatPrefix = "format:" // and the storage.Format: files
)

// Classes of bad records, beside those of the deaths of workers (worker.Class).
const (
	classLine  = "line"  // it is none
	classValue = "value" // a field of it is malformed
	classError = "error" // of Map
	classPanic = "panic" // of Map
)
