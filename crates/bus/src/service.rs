//! Services in the sense of the NATS service API: `nats micro ls` lists them.

use async_nats::service::ServiceExt;
use bytes::Bytes;
use futures::StreamExt;
use protocol::{Rejection, RejectionCode, Reply};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connection::{Bus, is_from_jetstream, to_json};
use crate::error::BusError;

/// A running service. Dropping it ends its endpoints.
pub struct Service {
    inner: async_nats::service::Service,
    name: &'static str,
}

/// One subject of a service, which yields its calls in order.
pub struct Endpoint {
    inner: async_nats::service::endpoint::Endpoint,
}

/// A request that waits for its reply.
pub struct Call {
    inner: async_nats::service::Request,
}

impl Bus {
    /// Registers a service.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn service(
        &self,
        name: &'static str,
        description: &str,
        queue_group: &str,
    ) -> Result<Service, BusError> {
        let inner = self
            .client()
            .service_builder()
            .description(description)
            .queue_group(queue_group)
            .start(name, env!("CARGO_PKG_VERSION"))
            .await
            .map_err(|source| BusError::Refused {
                what: format!("service {name}"),
                source,
            })?;
        Ok(Service { inner, name })
    }
}

impl Service {
    /// Serves a subject. Its dots become dashes in the endpoint's name.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn endpoint(&self, subject: &str) -> Result<Endpoint, BusError> {
        let inner = self
            .inner
            .endpoint_builder()
            .name(subject.replace('.', "-"))
            .add(subject)
            .await
            .map_err(|source| BusError::Refused {
                what: format!("endpoint {subject} of {}", self.name),
                source,
            })?;
        Ok(Endpoint { inner })
    }

    /// Leaves the queue group. Each endpoint then yields the calls already received,
    /// and ends: read it until it returns `None`.
    pub async fn stop(self) {
        let name = self.name;
        if let Err(error) = self.inner.stop().await {
            tracing::warn!(%error, name, "the service did not stop cleanly");
        }
    }
}

impl Endpoint {
    /// Leaves the queue group with this subject only. Calls already received are still
    /// yielded.
    pub async fn leave(&mut self) {
        if let Err(error) = self.inner.stop().await {
            tracing::warn!(%error, "an endpoint did not stop cleanly");
        }
    }

    /// Waits for the next call; `None` once the service has stopped.
    pub async fn next(&mut self) -> Option<Call> {
        loop {
            let inner = self.inner.next().await?;
            if !is_from_jetstream(&inner.message) {
                return Some(Call { inner });
            }
            let subject = &inner.message.subject;
            tracing::warn!(%subject, "refused a call that JetStream was made to send");
        }
    }
}

impl Call {
    /// Payload of the request.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.inner.message.payload
    }

    /// Decodes the request.
    ///
    /// # Errors
    /// A rejection with the reason why the request cannot be decoded.
    pub fn read<T: DeserializeOwned>(&self) -> Reply<T> {
        serde_json::from_slice(self.payload()).map_err(|error| {
            Rejection::new(
                RejectionCode::BadMessage,
                format!("unreadable request: {error}"),
            )
        })
    }

    /// Sends the reply. A caller that is gone is not an error.
    pub async fn answer<T: Serialize>(self, reply: &Reply<T>) {
        if let Err(error) = self.inner.respond(Ok(to_json(reply))).await {
            tracing::debug!(%error, "could not answer");
        }
    }
}
