//go:build !unix

package receive

func isQuota(error) bool { return false }
