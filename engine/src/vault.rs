//! Secrets at rest: XChaCha20-Poly1305 under a key that lies in a file beside the database, not in it.
//!
//! Invariant: what was sealed for one place cannot be opened for another.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;

use crate::id::{Random, random_secret};

const KEY: usize = 32;
const NONCE: usize = 24;

/// Seals and opens secrets.
#[derive(Clone)]
pub struct Vault {
    cipher: XChaCha20Poly1305,
    /// Another key, made from the same file.
    hashing: [u8; KEY],
}

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the secret key file {0} cannot be used: {1}")]
    File(PathBuf, #[source] io::Error),
    #[error("the secret key file {0} does not hold 32 bytes in base64: restore it from a backup")]
    NotAKey(PathBuf),
    #[error("a secret cannot be opened: it was sealed with another secret key file")]
    Sealed,
}

impl Vault {
    /// Reads the key, or makes one that only its owner may read.
    pub fn open(path: &Path, random: &dyn Random) -> Result<Self, VaultError> {
        let failed = |error| VaultError::File(path.to_owned(), error);
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path, random).map_err(failed)?;
                fs::read_to_string(path).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        let key = BASE64_STANDARD.decode(text.trim()).ok().filter(|key| key.len() == KEY);
        let key = key.ok_or_else(|| VaultError::NotAKey(path.to_owned()))?;
        let hashing = mac(&key, b"sluice fingerprints");
        Ok(Self { cipher: XChaCha20Poly1305::new(key.as_slice().into()), hashing })
    }

    /// `place` says what the secret belongs to, for example an id.
    pub fn seal(&self, place: &str, secret: &[u8], random: &dyn Random) -> String {
        let mut nonce = [0; NONCE];
        random.fill(&mut nonce);
        let payload = Payload { msg: secret, aad: place.as_bytes() };
        // Encrypting fails only beyond 256 GB.
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default();
        BASE64_STANDARD.encode([nonce.as_slice(), &sealed].concat())
    }

    pub fn unseal(&self, place: &str, sealed: &str) -> Result<Vec<u8>, VaultError> {
        let bytes = BASE64_STANDARD.decode(sealed).map_err(|_| VaultError::Sealed)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or(VaultError::Sealed)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        self.cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| VaultError::Sealed)
    }

    /// HMAC-SHA256 of a value, in hexadecimal digits: the same value at the same `place` gives the same,
    /// and without the key file nobody can try values.
    pub fn fingerprint(&self, place: &str, value: &str) -> String {
        let mut text = place.as_bytes().to_vec();
        text.push(0);
        text.extend_from_slice(value.as_bytes());
        crate::hex::hex(&mac(&self.hashing, &text))
    }
}

fn mac(key: &[u8], text: &[u8]) -> [u8; KEY] {
    // HMAC takes keys of any length.
    #[expect(clippy::expect_used, reason = "a key of any length is taken")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Linked into place whole, so that nobody reads half a key and the first of two that start wins.
fn make(path: &Path, random: &dyn Random) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut key = [0; KEY];
    random.fill(&mut key);
    let draft = path.with_extension(random_secret(random));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", BASE64_STANDARD.encode(key))?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::id::SystemRandom;

    #[test]
    fn a_secret_opens_only_where_it_was_sealed_and_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| Vault::open(&folder.path().join(name), &SystemRandom).unwrap();
        let vault = open("secret.key");
        let sealed = vault.seal("src_1", b"whsec", &SystemRandom);
        assert_eq!(open("secret.key").unseal("src_1", &sealed).unwrap(), b"whsec");
        assert!(vault.unseal("src_2", &sealed).is_err());
        assert!(open("another.key").unseal("src_1", &sealed).is_err());
        assert!(!sealed.contains("whsec"));
        let mode = fs::metadata(folder.path().join("secret.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_fingerprint_tells_values_apart_and_needs_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| Vault::open(&folder.path().join(name), &SystemRandom).unwrap();
        let vault = open("secret.key");
        let print = vault.fingerprint("erasure", "a@b.c");
        assert_eq!(print.len(), 64);
        assert_eq!(open("secret.key").fingerprint("erasure", "a@b.c"), print);
        assert_ne!(vault.fingerprint("erasure", "a@b.d"), print);
        assert_ne!(vault.fingerprint("other", "a@b.c"), print);
        assert_ne!(open("another.key").fingerprint("erasure", "a@b.c"), print);
    }

    #[test]
    fn a_damaged_key_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        fs::write(&path, "half").unwrap();
        assert!(matches!(Vault::open(&path, &SystemRandom), Err(VaultError::NotAKey(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "half");
    }
}
