//! Reason phrases of status codes: rsip's codes, the RFCs' words (rsip's own are written together).

use rsip::StatusCode as Code;

pub(super) fn phrase(code: u16) -> &'static str {
    match Code::from(code) {
        Code::Trying => "Trying",
        Code::Ringing => "Ringing",
        Code::CallIsBeingForwarded => "Call Is Being Forwarded",
        Code::Queued => "Queued",
        Code::SessionProgress => "Session Progress",
        Code::EarlyDialogTerminated => "Early Dialog Terminated",
        Code::OK => "OK",
        Code::Accepted => "Accepted",
        Code::NoNotification => "No Notification",
        Code::MultipleChoices => "Multiple Choices",
        Code::MovedPermanently => "Moved Permanently",
        Code::MovedTemporarily => "Moved Temporarily",
        Code::UseProxy => "Use Proxy",
        Code::AlternativeService => "Alternative Service",
        Code::BadRequest => "Bad Request",
        Code::Unauthorized => "Unauthorized",
        Code::PaymentRequired => "Payment Required",
        Code::Forbidden => "Forbidden",
        Code::NotFound => "Not Found",
        Code::MethodNotAllowed => "Method Not Allowed",
        Code::NotAcceptable | Code::NotAcceptableGlobal => "Not Acceptable",
        Code::ProxyAuthenticationRequired => "Proxy Authentication Required",
        Code::RequestTimeout => "Request Timeout",
        Code::Conflict => "Conflict",
        Code::Gone => "Gone",
        Code::LengthRequired => "Length Required",
        Code::ConditionalRequestFailed => "Conditional Request Failed",
        Code::RequestEntityTooLarge => "Request Entity Too Large",
        Code::RequestUriTooLong => "Request-URI Too Long",
        Code::UnsupportedMediaType => "Unsupported Media Type",
        Code::UnsupportedUriScheme => "Unsupported URI Scheme",
        Code::UnknownResourcePriority => "Unknown Resource-Priority",
        Code::BadExtension => "Bad Extension",
        Code::ExtensionRequired => "Extension Required",
        Code::SessionIntervalTooSmall => "Session Interval Too Small",
        Code::IntervalTooBrief => "Interval Too Brief",
        Code::BadLocationInformation => "Bad Location Information",
        Code::UseIdentityHeader => "Use Identity Header",
        Code::ProvideReferrerIdentity => "Provide Referrer Identity",
        Code::AnonymityDisallowed => "Anonymity Disallowed",
        Code::BadIdentityInfo => "Bad Identity Info",
        Code::UnsupportedCertificate => "Unsupported Credential",
        Code::InvalidIdentityHeader => "Invalid Identity Header",
        Code::FirstHopLacksOutboundSupport => "First Hop Lacks Outbound Support",
        Code::MaxBreadthExceeded => "Max-Breadth Exceeded",
        Code::BadInfoPackage => "Bad Info Package",
        Code::ConsentNeeded => "Consent Needed",
        Code::TemporarilyUnavailable => "Temporarily Unavailable",
        Code::CallTransactionDoesNotExist => "Call/Transaction Does Not Exist",
        Code::LoopDetected => "Loop Detected",
        Code::TooManyHops => "Too Many Hops",
        Code::AddressIncomplete => "Address Incomplete",
        Code::Ambiguous => "Ambiguous",
        Code::BusyHere => "Busy Here",
        Code::RequestTerminated => "Request Terminated",
        Code::NotAcceptableHere => "Not Acceptable Here",
        Code::BadEvent => "Bad Event",
        Code::RequestPending => "Request Pending",
        Code::Undecipherable => "Undecipherable",
        Code::SecurityAgreementRequired => "Security Agreement Required",
        Code::ServerInternalError => "Server Internal Error",
        Code::NotImplemented => "Not Implemented",
        Code::BadGateway => "Bad Gateway",
        Code::ServiceUnavailable => "Service Unavailable",
        Code::ServerTimeOut => "Server Time-out",
        Code::VersionNotSupported => "Version Not Supported",
        Code::MessageTooLarge => "Message Too Large",
        Code::PreconditionFailure => "Precondition Failure",
        Code::BusyEverywhere => "Busy Everywhere",
        Code::Decline => "Decline",
        Code::DoesNotExistAnywhere => "Does Not Exist Anywhere",
        Code::Unwanted => "Unwanted",
        Code::Other(code, _) => match code / 100 {
            1 => "Session Progress",
            2 => "OK",
            3 => "Multiple Choices",
            4 => "Bad Request",
            5 => "Server Internal Error",
            _ => "Busy Everywhere",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::phrase;

    #[test]
    fn phrases_are_the_rfcs() {
        for (code, words) in
            [(100, "Trying"), (200, "OK"), (481, "Call/Transaction Does Not Exist"), (491, "Request Pending"), (499, "Bad Request")]
        {
            assert_eq!(phrase(code), words);
        }
    }
}
