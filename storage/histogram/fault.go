package histogram

import "fmt"

// A Fault is what Pack finds wrong with a histogram.
type Fault uint8

const (
	FaultSyntax Fault = iota + 1 // it is no JSON object
	FaultValues                  // it has no object "values"
	FaultBucket                  // a key of "values" is the lower bound of no bucket
	FaultCount                   // a count is not an integer

	// The histogram's own account of itself is not that of the definition. Pack packs it all the same.
	FaultType        // histogram_type
	FaultRange       // range
	FaultBucketCount // bucket_count
)

// String returns a name that a counter may have.
func (f Fault) String() string {
	return [...]string{"", "syntax", "values", "bucket", "count", "histogram_type", "range", "bucket_count"}[f]
}

// Packed tells that the array was appended in spite of the fault.
func (f Fault) Packed() bool { return f >= FaultType }

// A PackError says why a histogram does not fit its definition.
type PackError struct {
	Name   string // of the definition
	Fault  Fault
	Detail string
}

func (e *PackError) Error() string { return fmt.Sprintf("histogram %s: %s", e.Name, e.Detail) }
