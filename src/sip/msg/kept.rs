//! Messages and their parts in images: a message as its wire form, whatever bytes it holds; a URI, an address and a method as text.

use super::{Message, Method, NameAddr, Request, Response, Uri, parse};
use crate::base::bytes;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire = Vec::with_capacity(1024);
        self.write(&mut wire);
        bytes::serialize(&wire, serializer)
    }
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match parse(&bytes::deserialize(deserializer)?) {
            Ok(Message::Request(request)) => Ok(request),
            _ => Err(Error::custom("no request")),
        }
    }
}

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire = Vec::with_capacity(1024);
        self.write(&mut wire);
        bytes::serialize(&wire, serializer)
    }
}

impl<'de> Deserialize<'de> for Response {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match parse(&bytes::deserialize(deserializer)?) {
            Ok(Message::Response(response)) => Ok(response),
            _ => Err(Error::custom("no response")),
        }
    }
}

macro_rules! as_text {
    ($name:ident, $expected:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<str>::deserialize(deserializer)?.parse().map_err(|_| Error::custom($expected))
            }
        }
    };
}
as_text!(Uri, "no URI");
as_text!(NameAddr, "no address");

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(&*Cow::<str>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn there_and_back<T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
        let image = rmp_serde::to_vec_named(value).expect("an image");
        assert_eq!(&rmp_serde::from_slice::<T>(&image).expect("read back"), value);
    }

    #[test]
    fn messages_come_back_to_the_byte_gbk_and_all() {
        let head = b"INVITE sip:95000@h;x=y SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK2, SIP/2.0/TCP c\r\nFrom: \"\xD5\xC5\xC8\xFD\" <sip:1@h>;tag=f\r\n\
            To: <sip:95000@h>\r\nCall-ID: c1\r\nCSeq: 7 INVITE\r\nX-Own: \xFF\r\nContent-Length: 3\r\n\r\n\x00\xFFb";
        let Ok(Message::Request(request)) = parse(head) else { panic!("an INVITE") };
        let mut response = request.response(183, Some("\u{94c3}"), Some("t"));
        response.body = vec![0, 200];
        there_and_back(&request);
        there_and_back(&response);
        there_and_back(&request.from());
        there_and_back(&request.uri);
        there_and_back(&Method::Other("NEW".into()));
        there_and_back(&Method::Update);
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        #[derive(Serialize)]
        #[serde(transparent)]
        struct Octets(#[serde(with = "bytes")] Vec<u8>);
        let image = |bytes: &[u8]| rmp_serde::to_vec(&Octets(bytes.to_vec())).expect("an image");
        assert!(rmp_serde::from_slice::<Request>(&image(b"rubbish")).is_err());
        assert!(rmp_serde::from_slice::<Request>(&image(b"SIP/2.0 200 OK\r\n\r\n")).is_err());
        assert!(rmp_serde::from_slice::<Uri>(&rmp_serde::to_vec("no uri").expect("an image")).is_err());
    }
}
