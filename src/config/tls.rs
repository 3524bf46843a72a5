//! TLS as the configuration has it: names of files, which `io` reads and judges.

use std::path::PathBuf;

/// A certificate, with those that lead to its authority, and its key: PEM, by their names, relative to the configuration's folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyPair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// How a trunk is known over TLS, and how we are to it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrunkTls {
    /// Who must have signed its certificate; `None`: one of those that this machine trusts.
    pub ca: Option<PathBuf>,
    /// What we show to it, where it asks.
    pub own: Option<KeyPair>,
    /// Calls from who has a good certificate of that name come in on it; lower case.
    pub accept_certificate: Option<String>,
}

/// What is wrong with a file, or may become so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// It lies with the key, not with the certificate.
    pub of_key: bool,
    /// Else a warning.
    pub is_error: bool,
    pub message: String,
    /// What would be right.
    pub remedy: String,
}

/// Who reads the files that a configuration names: `io`, or nobody.
pub trait CertificateFiles {
    /// What there is to say of a certificate and its key.
    fn pair(&self, certificate: &str, key: &str) -> Vec<Finding>;
    /// What there is to say of the certificates of authorities.
    fn authorities(&self, file: &str) -> Vec<Finding>;
}

/// Says nothing of any file.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl CertificateFiles for NoFiles {
    fn pair(&self, _: &str, _: &str) -> Vec<Finding> {
        Vec::new()
    }

    fn authorities(&self, _: &str) -> Vec<Finding> {
        Vec::new()
    }
}
