package mapreduce

// SetRunBytes makes tables spill when they have n bytes, so that small inputs go through many runs.
func (c *Config) SetRunBytes(n int64) { c.runBytes = n }
