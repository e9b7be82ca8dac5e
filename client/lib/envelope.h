/* Envelope: one attempt's frame, signed, and the reply's frame taken apart. No input or output. */
#ifndef CLIENT_LIB_ENVELOPE_H
#define CLIENT_LIB_ENVELOPE_H

#include "client/lib/channel_impl.h"

/* What stays the same over all attempts of one call. */
struct envelope {
    const struct rectify_request *request;
    struct rectify_method method;
    const char *key;      /* "" for a query */
    int64_t queued_at_ms; /* by the server's clock, as far as it is known */
    bool skew_mended;     /* sent again once because that was wrong */
    unsigned char *payload;
    size_t payload_size;
};

/* Packs the request's message into the arena. INVALID_ARGUMENT REQUEST_TOO_LARGE. */
MUST_CHECK enum status envelope_prepare(struct arena *a, const struct rectify_request *request,
                                        struct envelope *envelope, struct fault *f);

/* One attempt. */
struct envelope_frame {
    char call_id[UUID_TEXT_SIZE];
    unsigned char *bytes;
    size_t n;
};

/* Makes an attempt's frame, bytes in the arena: call id, session and signature are its own. */
MUST_CHECK enum status envelope_pack(struct rectify_channel *channel, struct arena *a,
                                     const struct envelope *envelope, uint32_t timeout_ms,
                                     struct envelope_frame *ret_frame, struct fault *f);

/* The reply's envelope, in the arena. DATA_LOSS REPLY_MALFORMED when it cannot be read or answers
 * another call. Its status may be a refusal: envelope_status. */
MUST_CHECK enum status envelope_unpack(struct arena *a, const unsigned char *bytes, size_t n,
                                       const char *call_id, const Pb__CallReply **ret_reply,
                                       struct fault *f);

/* The status inside a reply as a fault. */
enum status envelope_status(const Pb__CallReply *reply, struct fault *f);

/* The message inside a good reply, in the arena. DATA_LOSS REPLY_MALFORMED. */
MUST_CHECK enum status envelope_message(struct arena *a, const Pb__CallReply *reply,
                                        const ProtobufCMessageDescriptor *descriptor,
                                        ProtobufCMessage **ret_message, struct fault *f);

#endif
