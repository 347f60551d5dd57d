const undocumentedEc = '0000-00000000'

/** These are the refusals of OSS that the emulator knows, with status, `EC` and message as OSS gives them. */
const refusals = {
  AccessDenied: [403, '0003-00000001', 'You have no right to access this object because of bucket acl.'],
  BucketAlreadyExists: [409, undocumentedEc, 'The requested bucket name is not available.'],
  BucketNotEmpty: [409, undocumentedEc, 'The bucket has objects. Please delete them first.'],
  CallbackFailed: [203, '0007-00000203', 'The callback failed.'],
  EntityTooLarge: [400, undocumentedEc, 'Your proposed upload exceeds the maximum allowed size.'],
  EntityTooSmall: [400, undocumentedEc, 'Your proposed upload smaller than the minimum allowed size.'],
  FileAlreadyExists: [409, undocumentedEc, 'The object you specified already exists and can not be overwritten.'],
  IncompleteBody: [400, undocumentedEc, 'The request body is shorter than Content-Length announced.'],
  InternalError: [500, undocumentedEc, 'We encountered an internal error. Please try again.'],
  InvalidAccessKeyId: [403, '0002-00000902', 'The OSS Access Key Id you provided does not exist in our records.'],
  InvalidArgument: [400, undocumentedEc, 'Invalid Argument.'],
  InvalidBucketName: [400, undocumentedEc, 'The specified bucket is not valid.'],
  InvalidDigest: [400, undocumentedEc, 'The Content-MD5 you specified is not valid for the body we received.'],
  InvalidObjectName: [400, undocumentedEc, 'The specified object is not valid.'],
  InvalidObjectState: [403, undocumentedEc, "The operation is not valid for the object's state."],
  InvalidPart: [
    400,
    undocumentedEc,
    "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.",
  ],
  InvalidPartOrder: [
    400,
    undocumentedEc,
    'The list of parts was not in ascending order. The parts list must be specified in order by part number.',
  ],
  InvalidRange: [416, undocumentedEc, 'The requested range cannot be satisfied.'],
  InvalidSecurityToken: [403, undocumentedEc, 'The security token you provided is invalid.'],
  InvalidTag: [400, undocumentedEc, 'The tag you provided is not valid.'],
  MalformedXML: [
    400,
    '0042-00000205',
    'The XML you provided was not well-formed or did not validate against our schema.',
  ],
  MethodNotAllowed: [405, undocumentedEc, 'The specified method is not allowed against this resource.'],
  MissingContentLength: [411, undocumentedEc, 'You must provide the Content-Length HTTP header.'],
  NoSuchBucket: [404, '0015-00000101', 'The specified bucket does not exist.'],
  NoSuchKey: [404, '0026-00000001', 'The specified key does not exist.'],
  NoSuchLifecycle: [404, undocumentedEc, 'No Row found in Lifecycle Table.'],
  NoSuchUpload: [
    404,
    '0017-00000244',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  ],
  NotImplemented: [501, undocumentedEc, 'The emulator does not know this request.'],
  PartAlreadyExist: [409, '0042-00000108', "For sequential multipart upload, you can't overwrite uploaded parts."],
  PartNotSequential: [
    400,
    undocumentedEc,
    'For sequential multipart upload, you must upload or complete parts with sequential part number.',
  ],
  PreconditionFailed: [412, undocumentedEc, 'At least one of the pre-conditions you specified did not hold.'],
  RequestTimeTooSkewed: [
    403,
    '0002-00000504',
    'The difference between the request time and the current time is too large.',
  ],
  SecurityTokenExpired: [403, undocumentedEc, 'The security token you provided has expired.'],
  SignatureDoesNotMatch: [
    403,
    '0002-00000040',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
} as const satisfies Record<string, readonly [status: number, ec: string, message: string]>

export type OssErrorCode = keyof typeof refusals

export interface OssErrorDetails {
  readonly message?: string
  readonly ec?: string
  /** These are further elements of the error document, such as `ServerTime`. */
  readonly elements?: Readonly<Record<string, string | number>>
}

/** This is a refusal in OSS's own words. */
export class OssError extends Error {
  override readonly name = 'OssError'
  readonly code: OssErrorCode
  readonly status: number
  readonly ec: string
  readonly elements: Readonly<Record<string, string | number>>

  constructor(code: OssErrorCode, details: OssErrorDetails = {}) {
    const [status, ec, message] = refusals[code]
    super(details.message ?? message)
    this.code = code
    this.status = status
    this.ec = details.ec ?? ec
    this.elements = details.elements ?? {}
  }
}

/** Returns InvalidArgument for a header, query parameter or element, named as OSS names it. */
export const invalidArgument = (name: string, value: string, message: string, ec?: string): OssError =>
  new OssError('InvalidArgument', {
    message,
    elements: { ArgumentName: name, ArgumentValue: value },
    ...(ec === undefined ? {} : { ec }),
  })
