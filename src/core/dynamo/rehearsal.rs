//! A rehearsal of the first request, which takes longer than later ones: the system loads the code page by page, and
//! libraries prepare what they need once.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::attempts::sending;
use super::open;
use super::settings::Settings;
use super::shared::Shared;
use super::variables::{Nothing, Variables};
use crate::core::options::Endpoint;

/// Opens a connection, writes and signs a request, and reads an answer. Sends nothing.
pub async fn rehearse() {
    let (Ok(endpoint), Ok(ok)) = (
        Endpoint::new("endpoint", "http://localhost"),
        StatusCode::try_from(200_u16),
    ) else {
        return;
    };
    let settings = Settings {
        endpoint: Some(endpoint),
        region: Some("us-east-1".to_owned()),
        ..Settings::default()
    };
    let shared = Shared::default();
    let opened = open::direct(&settings, Variables::default(), Arc::new(Nothing), &shared);
    let Ok(connection) = opened.await else {
        return;
    };
    let request = connection.client.get_item().table_name("sessions");
    let request = request.key("id", AttributeValue::S("id".to_owned()));
    let credentials = Credentials::new("id", "secret", None, None, "rehearsal");
    let answer = HttpResponse::new(ok, SdkBody::from("{}"));
    let _ = sending(Some(credentials), Some(Ok(answer)), request.send()).await;
}
