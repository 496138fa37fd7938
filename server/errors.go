package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// domain is that of every ErrorInfo.
const domain = "cairn"

// classes is the table from the classes of errors to what callers see. Nothing
// else in the house makes a status. The class of an error is tried in order.
var classes = []struct {
	class  error
	code   codes.Code
	http   int
	reason string // unless the error has its own
}{
	{graph.ErrInvalid, codes.InvalidArgument, http.StatusBadRequest, "INVALID"},
	{graph.ErrNotFound, codes.NotFound, http.StatusNotFound, "NOT_FOUND"},
	{graph.ErrExists, codes.AlreadyExists, http.StatusConflict, "EXISTS"},
	{graph.ErrConflict, codes.Aborted, http.StatusConflict, "CONFLICT"}, // after If-Match 412
	{graph.ErrGone, codes.OutOfRange, http.StatusGone, "GONE"},
	{graph.ErrLaw, codes.FailedPrecondition, http.StatusBadRequest, "LAW"},
	{graph.ErrLimit, codes.ResourceExhausted, http.StatusTooManyRequests, "LIMIT"},
	{graph.ErrUnavailable, codes.Unavailable, http.StatusServiceUnavailable, "UNAVAILABLE"},
	{context.Canceled, codes.Canceled, 499, "CANCELED"},
	{context.DeadlineExceeded, codes.DeadlineExceeded, http.StatusGatewayTimeout, "DEADLINE_EXCEEDED"},
	{errForeign, codes.PermissionDenied, http.StatusForbidden, "FOREIGN_ORIGIN"},
	{errUnknownMethod, codes.Unimplemented, http.StatusNotImplemented, "UNIMPLEMENTED"},
}

// httpReasons are the reasons for which HTTP has a status of its own.
var httpReasons = map[string]int{
	"METHOD_NOT_ALLOWED": http.StatusMethodNotAllowed,
	"MEDIA_TYPE":         http.StatusUnsupportedMediaType,
	"REQUEST_TOO_LARGE":  http.StatusRequestEntityTooLarge,
	"SLOW_BODY":          http.StatusRequestTimeout,
}

// internal is what callers see of every other error: the message is in the log
// under the id of the call.
const internalReason = "INTERNAL"

// revisionAhead is the reason of who asks for a revision that has not come. Any
// caller can ask for one that nobody made, so it is no fault of the server.
const revisionAhead = "REVISION_AHEAD"

// The server's own classes.
var (
	errForeign       = errors.New("not from this machine")
	errUnknownMethod = errors.New("the server has no such call")
)

// httpCode is the HTTP status of a gRPC code.
func httpCode(c codes.Code) int {
	if c == codes.OK {
		return http.StatusOK
	}
	for _, row := range classes {
		if row.code == c {
			return row.http
		}
	}
	return http.StatusInternalServerError
}

// httpStatus is the HTTP status of a status with an ErrorInfo.
func httpStatus(st *status.Status) int {
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && httpReasons[info.GetReason()] != 0 {
			return httpReasons[info.GetReason()]
		}
	}
	return httpCode(st.Code())
}

// statusOf is err as callers of c see it, with an ErrorInfo, the problems or
// fields it has, and the id of the call. An error outside the table is logged and
// hidden; so is the cause of one that the operator can mend.
func (s *Server) statusOf(ctx context.Context, c *call, err error) error {
	request := &errdetails.RequestInfo{RequestId: c.id}
	if shape, ok := errors.AsType[*protovalidate.ValidationError](err); ok {
		fields := shapeFields(shape)
		subject, message := shapeOf(fields)
		return detailed(codes.InvalidArgument, "SHAPE", subject, message, fields, request)
	}
	if refused, ok := errors.AsType[*catalogError](err); ok {
		return detailed(codes.FailedPrecondition, refused.cause.Reason, refused.cause.Subject, refused.Error(), refused.problems, request)
	}
	e, _ := errors.AsType[*graph.Error](err)
	for _, row := range classes {
		if !errors.Is(err, row.class) {
			continue
		}
		if e == nil {
			return detailed(row.code, row.reason, "", row.class.Error(), request)
		}
		reason := e.Reason
		if reason == "" {
			reason = row.reason
		}
		message := e.Error()
		if row.code == codes.Unavailable && reason != revisionAhead {
			s.log.LogAttrs(ctx, slog.LevelError, "unavailable", slog.String("request", c.id), slog.String("method", c.method), slog.String("error", s.logged(err)))
		}
		details := []protoadapt.MessageV1{request}
		if row.code == codes.InvalidArgument && e.Subject != "" {
			details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
				{Field: e.Subject, Description: e.Message, Reason: reason},
			}})
		}
		return detailed(row.code, reason, e.Subject, message, details...)
	}
	if st, ok := status.FromError(err); ok && st.Code() != codes.Unknown {
		return err // made by gRPC itself
	}
	s.log.LogAttrs(ctx, slog.LevelError, "internal error",
		slog.String("request", c.id), slog.String("method", c.method), slog.String("error", s.logged(err)))
	return detailed(codes.Internal, internalReason, "", "internal error; the server's log has it under the request id "+c.id, request)
}

// detailed is a status with an ErrorInfo and further details.
func detailed(code codes.Code, reason, subject, message string, details ...protoadapt.MessageV1) error {
	info := &errdetails.ErrorInfo{Domain: domain, Reason: reason}
	if subject != "" {
		info.Metadata = map[string]string{"subject": strings.ToValidUTF8(subject, "�")}
	}
	st, err := status.New(code, strings.ToValidUTF8(message, "�")).WithDetails(append([]protoadapt.MessageV1{info}, details...)...)
	if err != nil { // only for a code of OK
		return status.Error(code, message)
	}
	return st.Err()
}

// errUnknownService answers health checks of services that the server has not.
var errUnknownService = &graph.Error{Class: graph.ErrNotFound, Reason: "SERVICE_NOT_FOUND", Subject: "service", Message: "the server has no such service"}

// catalogError is why catalog files were refused, with the places.
type catalogError struct {
	cause    *graph.Error
	problems *cairnv1.CatalogProblems
}

// Error is the first problem and how many more there are.
func (e *catalogError) Error() string { return e.cause.Error() }

// Unwrap is the error without the places.
func (e *catalogError) Unwrap() error { return e.cause }
