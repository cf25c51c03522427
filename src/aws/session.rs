//! Credentials, region, endpoint and time limits: what all calls share.

use std::time::Duration;

use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_lambda::config::retry::RetryPartition;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::profiles::{self, NoSuchProfile};
use super::skew::Skew;

/// The longest a single attempt of a call may take.
const ATTEMPT: Duration = Duration::from_secs(4);
/// The longest a call may take with all its attempts: a tick must come to an end.
const OPERATION: Duration = Duration::from_secs(9);

/// What a person can choose, as in the AWS CLI.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// The region; otherwise the environment's or the profile's.
    pub region: Option<String>,
    /// Another endpoint than AWS's, such as the local AWS.
    pub endpoint_url: Option<String>,
}

/// The clients, sharing one connection pool and one set of credentials.
#[derive(Debug, Clone)]
pub struct Session {
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Systems Manager, for the policy.
    pub ssm: aws_sdk_ssm::Client,
    /// CodeDeploy.
    pub codedeploy: aws_sdk_codedeploy::Client,
    /// Step Functions.
    pub sfn: aws_sdk_sfn::Client,
    /// EventBridge.
    pub events: aws_sdk_eventbridge::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// How far AWS's clock is from this machine's, by Lambda's answers.
    pub skew: Skew,
    region: String,
}

/// Why no session could be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Neither option, environment nor profile names a region.
    #[error("no region")]
    NoRegion,
    /// The profile that was asked for is in none of the files.
    #[error(transparent)]
    NoSuchProfile(#[from] NoSuchProfile),
}

impl Session {
    /// Reads configuration and credentials as the AWS CLI does.
    ///
    /// # Errors
    /// If no region can be found, or the named profile is not there. Missing credentials show at
    /// the first call.
    pub async fn connect(options: &SessionOptions) -> Result<Self, SessionError> {
        if let Some(profile) = &options.profile {
            profiles::find(profile, |name| std::env::var(name).ok())?;
        }
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https())
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        if let Some(profile) = &options.profile {
            // Said on the command line, a profile goes before credentials in the environment, as
            // in the AWS CLI: the SDK's own order would release in the wrong account.
            let credentials = ProfileFileCredentialsProvider::builder()
                .profile_name(profile)
                .configure(&of_profile(profile, options.region.as_deref()).await);
            loader = loader
                .profile_name(profile)
                .credentials_provider(credentials.build());
        }
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        Self::from_config(&loader.load().await)
    }

    /// The session of a Lambda function, from the variables that Lambda sets. It does not look for
    /// profiles, single sign-on or instance roles: none of them is there, and their code would make
    /// up a good part of the program.
    ///
    /// # Errors
    /// If no region is set.
    pub fn in_lambda(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SessionError> {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(https())
            .credentials_provider(SharedCredentialsProvider::new(
                EnvironmentVariableCredentialsProvider::new(),
            ))
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        config.set_region(region.map(Region::new));
        config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
        Self::from_config(&config.build())
    }

    /// A session from a finished SDK configuration.
    ///
    /// # Errors
    /// If it names no region.
    pub fn from_config(config: &SdkConfig) -> Result<Self, SessionError> {
        let region = config.region().ok_or(SessionError::NoRegion)?.to_string();
        let skew = Skew::default();
        let lambda = aws_sdk_lambda::config::Builder::from(config).interceptor(skew.clone());
        Ok(Self {
            lambda: aws_sdk_lambda::Client::from_conf(lambda.build()),
            skew,
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            codedeploy: aws_sdk_codedeploy::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
            events: aws_sdk_eventbridge::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            region,
        })
    }

    /// The same, with retries of its own: the SDK lets all clients of a process share one budget of
    /// retries for each service, where a session may have to be judged by itself.
    ///
    /// # Errors
    /// If it names no region.
    pub fn apart(config: &SdkConfig) -> Result<Self, SessionError> {
        let shared = Self::from_config(config)?;
        let own = |service| RetryPartition::custom(service).build();
        macro_rules! apart {
            ($client:ident, $service:literal) => {{
                let config = $client::config::Builder::from(config);
                $client::Client::from_conf(config.retry_partition(own($service)).build())
            }};
        }
        let lambda = aws_sdk_lambda::config::Builder::from(config)
            .interceptor(shared.skew.clone())
            .retry_partition(own("lambda"));
        Ok(Self {
            lambda: aws_sdk_lambda::Client::from_conf(lambda.build()),
            cloudwatch: apart!(aws_sdk_cloudwatch, "cloudwatch"),
            ssm: apart!(aws_sdk_ssm, "ssm"),
            codedeploy: apart!(aws_sdk_codedeploy, "codedeploy"),
            sfn: apart!(aws_sdk_sfn, "sfn"),
            events: apart!(aws_sdk_eventbridge, "events"),
            sns: apart!(aws_sdk_sns, "sns"),
            ..shared
        })
    }

    /// The region that all calls go to.
    pub fn region(&self) -> &str {
        &self.region
    }
}

/// What a profile's credentials are got with: our connections, since the SDK has none of its own
/// here, and a region, which a profile that assumes a role asks STS in.
async fn of_profile(profile: &str, region: Option<&str>) -> ProviderConfig {
    let config = ProviderConfig::without_region().with_http_client(https());
    let in_file = ProfileFileRegionProvider::builder()
        .configure(&config)
        .profile_name(profile)
        .build();
    let region = match region {
        Some(named) => Some(Region::new(named.to_owned())),
        None => match EnvironmentVariableRegionProvider::new().region().await {
            Some(set) => Some(set),
            None => in_file.region().await,
        },
    };
    config.with_region(region)
}

/// The connections of all clients. With ring, because the SDK's own choice, AWS-LC, makes the
/// program of the functions larger and needs longer to compile. The SDK is built without that choice:
/// a configuration that is made without these connections can call nothing.
pub fn https() -> SharedHttpClient {
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// The time limits of all calls.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}
