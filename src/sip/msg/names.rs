//! Names of header fields, and their places in rsip's `Header`: one table, read in both directions.

use rsip::headers::UntypedHeader;

/// The long name for a compact one (RFC 3261 §7.3.3, RFC 3265, 3515, 3841, 3892, 4028, 8224); any other name is itself.
pub(super) fn long(name: &str) -> &str {
    let &[letter] = name.as_bytes() else { return name };
    match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        b'y' => "Identity",
        _ => name,
    }
}

macro_rules! table {
    ($($variant:ident $name:literal)*) => {
        /// Places a field in rsip's header type; `name` is long. What rsip does not know keeps its name as written.
        pub(super) fn header(name: &str, value: String) -> rsip::Header {
            $(if name.eq_ignore_ascii_case($name) {
                return rsip::Header::$variant(rsip::headers::$variant::new(value));
            })*
            rsip::Header::Other(name.to_owned(), value)
        }

        /// Canonical name and value of a field.
        pub(super) fn name_and_value(header: &rsip::Header) -> (&str, &str) {
            match header {
                $(rsip::Header::$variant(field) => ($name, field.value()),)*
                rsip::Header::Other(name, value) => (name, value),
            }
        }
    };
}

// The frequent ones first.
table! {
    Via "Via"
    From "From"
    To "To"
    CallId "Call-ID"
    CSeq "CSeq"
    Contact "Contact"
    MaxForwards "Max-Forwards"
    RecordRoute "Record-Route"
    Route "Route"
    Allow "Allow"
    Supported "Supported"
    UserAgent "User-Agent"
    ContentType "Content-Type"
    ContentLength "Content-Length"
    Expires "Expires"
    Authorization "Authorization"
    WwwAuthenticate "WWW-Authenticate"
    Require "Require"
    Server "Server"
    Accept "Accept"
    AcceptEncoding "Accept-Encoding"
    AcceptLanguage "Accept-Language"
    AlertInfo "Alert-Info"
    AuthenticationInfo "Authentication-Info"
    CallInfo "Call-Info"
    ContentDisposition "Content-Disposition"
    ContentEncoding "Content-Encoding"
    ContentLanguage "Content-Language"
    Date "Date"
    ErrorInfo "Error-Info"
    Event "Event"
    InReplyTo "In-Reply-To"
    MimeVersion "MIME-Version"
    MinExpires "Min-Expires"
    Organization "Organization"
    Priority "Priority"
    ProxyAuthenticate "Proxy-Authenticate"
    ProxyAuthorization "Proxy-Authorization"
    ProxyRequire "Proxy-Require"
    ReplyTo "Reply-To"
    RetryAfter "Retry-After"
    Subject "Subject"
    SubscriptionState "Subscription-State"
    Timestamp "Timestamp"
    Unsupported "Unsupported"
    Warning "Warning"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_finds_its_place_in_any_case() {
        for (written, canonical) in
            [("via", "Via"), ("CALL-id", "Call-ID"), ("www-authenticate", "WWW-Authenticate"), ("X-Own", "X-Own"), ("Warning", "Warning")]
        {
            assert_eq!(name_and_value(&header(written, "v".to_owned())), (canonical, "v"));
        }
        assert!(matches!(header("VIA", String::new()), rsip::Header::Via(_)));
    }
}
