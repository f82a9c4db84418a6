//! TLS: ring for the arithmetic, and whom to trust, which is read when the first https request is made.
//! A client for plain http trusts nobody and reads nothing.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier, client::WantsClientCert};
use rustls_platform_verifier::Verifier;

use super::error::HttpError;

/// Whose certificates are trusted.
#[derive(Debug, Clone, Default)]
pub enum HttpRoots {
    /// Those that this machine trusts.
    #[default]
    System,
    /// These certificate authorities (DER) and no others.
    Fixed(Vec<Vec<u8>>),
}

impl HttpRoots {
    /// Reads files when it is [`HttpRoots::System`].
    pub(super) fn load(&self) -> Result<ClientConfig, HttpError> {
        let provider = Arc::new(ring::default_provider());
        let builder = builder(&provider)?;
        let trusting = match self {
            Self::System => {
                let verifier = Verifier::new(provider).map_err(unusable)?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
            Self::Fixed(certificates) => {
                let mut store = RootCertStore::empty();
                for certificate in certificates {
                    store.add(CertificateDer::from(certificate.clone())).map_err(unusable)?;
                }
                builder.with_root_certificates(store)
            }
        };
        Ok(finish(trusting))
    }
}

/// For a client that speaks plain http only.
pub(super) fn nobody() -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(ring::default_provider());
    let mut config = finish(builder(&provider)?.with_root_certificates(RootCertStore::empty()));
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn builder(provider: &Arc<CryptoProvider>) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, HttpError> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)
}

fn finish(builder: ConfigBuilder<ClientConfig, WantsClientCert>) -> ClientConfig {
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn unusable(error: impl ToString) -> HttpError {
    HttpError::Roots { reason: error.to_string() }
}
