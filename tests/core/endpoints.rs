//! Where requests go: AWS's own endpoints, which no test can reach, so that each is looked at
//! before it is sent.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::endpoint_config::AccountIdEndpointMode;
use dynamo_session_store::core::dynamo::open::direct as connect;
use dynamo_session_store::core::dynamo::settings::{CredentialSource, Settings};
use dynamo_session_store::core::dynamo::shared::Shared;
use dynamo_session_store::core::dynamo::variables::{Nothing, Variables};

/// Takes the address of a request, and lets it go no further.
#[derive(Debug, Clone, Default)]
struct Address(Arc<Mutex<String>>);

impl Intercept for Address {
    fn name(&self) -> &'static str {
        "Address"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = context.request().uri().to_owned();
        Err("seen".into())
    }
}

async fn address(settings: Settings) -> String {
    let credentials = Credentials::builder()
        .access_key_id("test")
        .secret_access_key("test")
        .account_id("123456789012")
        .provider_name("test")
        .build();
    let settings = Settings {
        region: Some("eu-west-1".to_owned()),
        credentials: Some(CredentialSource::Fixed(credentials)),
        ..settings
    };
    let surroundings = Arc::new(Nothing);
    let variables = Variables::default();
    let shared = Shared::default();
    let client = connect(&settings, variables, surroundings, &shared)
        .await
        .unwrap();
    let address = Address::default();
    let request = client
        .client
        .get_item()
        .table_name("sessions")
        .key("id", AttributeValue::S("abc".to_owned()));
    let sent = request.customize().interceptor(address.clone()).send();
    sent.await.unwrap_err();
    let mut seen = address.0.lock().unwrap();
    std::mem::take(&mut *seen)
}

fn disabled() -> Settings {
    Settings {
        account_id_endpoint_mode: Some(AccountIdEndpointMode::Disabled),
        ..Settings::default()
    }
}

#[tokio::test]
async fn the_regions_own() {
    assert_eq!(
        address(disabled()).await,
        "https://dynamodb.eu-west-1.amazonaws.com/"
    );
}

#[tokio::test]
async fn fips() {
    let settings = Settings {
        use_fips: Some(true),
        ..disabled()
    };
    assert_eq!(
        address(settings).await,
        "https://dynamodb-fips.eu-west-1.amazonaws.com/"
    );
}

#[tokio::test]
async fn dual_stack() {
    let settings = Settings {
        use_dual_stack: Some(true),
        ..disabled()
    };
    assert_eq!(
        address(settings).await,
        "https://dynamodb.eu-west-1.api.aws/"
    );
}

#[tokio::test]
async fn that_of_the_account() {
    let settings = Settings {
        account_id_endpoint_mode: Some(AccountIdEndpointMode::Preferred),
        ..Settings::default()
    };
    assert_eq!(
        address(settings).await,
        "https://123456789012.ddb.eu-west-1.amazonaws.com/"
    );
}
