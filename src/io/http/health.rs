//! For load balancers and Prometheus; no token, and nothing personal in them.

use super::Context;
use super::dto::Health;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Whether calls can be taken, recorded and kept.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health, description = "with the reasons")))]
pub async fn healthz(State(context): State<Arc<Context>>) -> Response {
    let (mut reasons, mut calls) = (Vec::new(), None);
    match context.api.desk.snapshot().await {
        Ok(snapshot) => {
            calls = Some(snapshot.calls.len());
            // The recorder knows of trouble before a call has met it.
            if let Some(alarm) = context.api.recorder.alarm().or_else(|| snapshot.recording_alarm.clone()) {
                reasons.push(format!("cannot record: {alarm}"));
            }
            if snapshot.draining {
                reasons.push("draining: no new calls are taken".to_owned());
            }
        }
        Err(error) => reasons.push(error.to_string()),
    }
    let store = &context.api.store;
    if store.is_blocked() {
        reasons.push(format!(
            "{} rows wait for the store, its journal has {} bytes: new calls are refused",
            store.rows_waiting(),
            store.journal_bytes()
        ));
    }
    reasons.extend(store.troubles());
    let (code, status) = if reasons.is_empty() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "failing") };
    (code, Json(Health { status, reasons, version: env!("CARGO_PKG_VERSION"), calls })).into_response()
}

/// Counters and gauges for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(()),
    responses((status = 200, content_type = "application/openmetrics-text", body = String)))]
pub async fn metrics(State(context): State<Arc<Context>>) -> Response {
    let snapshot = context.api.desk.snapshot().await.ok();
    match context.api.metrics.render(snapshot.as_deref(), &context.api.store, &context.api.recorder.figures()) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
