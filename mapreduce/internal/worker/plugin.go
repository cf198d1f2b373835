package worker

//go:generate protoc --go_out=workerpb --go_opt=paths=source_relative --go-grpc_out=workerpb --go-grpc_opt=paths=source_relative -Iworkerpb worker.proto

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker/workerpb"
)

// protocolVersion counts the changes of worker.proto and of the start (serve.go) that older job programs do not
// understand.
const protocolVersion = 4

// messageBytes bounds a message in either direction: a task that names 400,000 files has room.
const messageBytes = 64 << 20

// windowBytes may be on their way before the other side has read them. As long as nobody sets it, gRPC measures the line with
// pings, which wakes both processes twice as often as the messages do.
const windowBytes = 1 << 20

// The magic cookie tells a job program that a runner started it. It is no secret.
const (
	cookieKey   = "MR_WORKER"
	cookieValue = "c0a86f4e5d6b4c3f"
)

// pluginName is the only name that a runner dispenses.
const pluginName = "worker"

var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  protocolVersion,
	MagicCookieKey:   cookieKey,
	MagicCookieValue: cookieValue,
}

// grpcPlugin is both sides of the connection as go-plugin wants them: a server for w, or a client.
type grpcPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	w Worker // in the job program only
}

func (p *grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	workerpb.RegisterWorkerServer(s, &server{w: p.w})
	return nil
}

func (p *grpcPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &client{rpc: workerpb.NewWorkerClient(conn)}, nil
}
