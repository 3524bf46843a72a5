//! An authority of the tests, and what it signs.

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use std::path::Path;

/// An authority of the test, in a folder's `ca.pem`, and a certificate for this machine in `own.pem` and `own-key.pem`.
pub fn certify(folder: &Path) {
    let ca_key = KeyPair::generate().expect("a key");
    let mut ca = CertificateParams::new(vec![]).expect("no names");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name = named("an authority of the tests");
    std::fs::write(folder.join("ca.pem"), ca.self_signed(&ca_key).expect("signed").pem()).expect("written");
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().expect("a key");
    let names = ["127.0.0.1", "::1", "localhost", "sanling.local"].map(str::to_owned).to_vec();
    let mut own = CertificateParams::new(names).expect("names");
    own.distinguished_name = named("a switch of the tests");
    let own = own.signed_by(&key, &issuer).expect("signed");
    std::fs::write(folder.join("own.pem"), own.pem()).expect("written");
    std::fs::write(folder.join("own-key.pem"), key.serialize_pem()).expect("written");
}

/// OpenSSL takes one whose names are its signer's for signed by itself.
fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}
