package resend

import (
	"context"
	"time"
)

// A pacer spreads records evenly. What falls behind is caught up with.
type pacer struct {
	rate  float64 // a second, 0 for no limit
	begin time.Time
	count float64
}

func newPacer(rate float64) *pacer { return &pacer{rate: rate, begin: time.Now()} }

// wait returns when the next record is due, once it is. Without a rate it is at once, and the time is zero.
func (p *pacer) wait(ctx context.Context) (time.Time, error) {
	if p.rate <= 0 {
		return time.Time{}, ctx.Err()
	}
	due := p.begin.Add(time.Duration(p.count / p.rate * float64(time.Second)))
	p.count++
	early := time.Until(due)
	if early <= 0 {
		return due, ctx.Err()
	}
	t := time.NewTimer(early)
	defer t.Stop()
	select {
	case <-t.C:
		return due, nil
	case <-ctx.Done():
		return due, ctx.Err()
	}
}
