// The API's words, in the order in which they are offered. `tests/test_console.py` holds them to the API's own.
export const STATUSES = "delivered read undelivered rejected expired deleted enroute accepted scheduled partially_delivered unknown".split(" ");
export const FAILED = "undelivered rejected expired deleted".split(" ");
export const BOUNCES = "hard opt_out soft block admin undetermined".split(" ");
export const CAUSES = ("invalid_number unknown_subscriber not_sms_capable ported_out suspended blacklisted barred plan_restricted doubtful_number opted_out do_not_disturb "
  + "absent handset_error busy porting roaming network_error expired unroutable spam content invalid_message sender_rejected not_registered rate_limited "
  + "insufficient_credit account_suspended country_blocked authentication invalid_request provider_error cancelled unspecified unknown").split(" ");
export const ACTIONS = "suppress_number suppress_opt_out strike keep".split(" ");

/** On fewer final messages there is no verdict. */
export const FEW = 100;

/** What messages are searched by, and exported. */
export const FILTERS = "provider status cause bounce country network code sender".split(" ");
