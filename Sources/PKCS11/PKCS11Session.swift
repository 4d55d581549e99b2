// SPDX-License-Identifier: Apache-2.0
//
// One session with a token, and what is done in it: keys found, made and destroyed, signatures, AES-GCM. Used by one
// thread at a time. Nothing secret leaves the token but what was decrypted. Source: PKCS #11 v2.40 §5.6–§5.14.

import CPKCS11
package import IdentityModel

/// A session; lives no longer than the call that it is lent to.
package struct PKCS11Session {
  let functions: UnsafeMutablePointer<ck_function_list>
  let handle: ck_session_handle_t

  // MARK: Keys that sign

  /// Makes an RSA-2048 key pair with the exponent 65537 whose private half never leaves the token; its public half.
  ///
  /// `id` becomes its CKA_ID, `label`, for people, its CKA_LABEL.
  package func makeRSAKey(id: [UInt8], label: String) throws(PKCS11Error) -> PublicKey {
    let (publicKey, _) = try makePair(
      CKM_RSA_PKCS_KEY_PAIR_GEN,
      [
        PKCS11Attribute(CKA_MODULUS_BITS, number: 2048), PKCS11Attribute(CKA_PUBLIC_EXPONENT, [1, 0, 1]),
      ],
      id: id,
      label: label
    )
    let modulus = try value(of: CKA_MODULUS, publicKey).drop { $0 == 0 }
    let exponent = try value(of: CKA_PUBLIC_EXPONENT, publicKey).drop { $0 == 0 }
    guard modulus.count == 256, Array(exponent) == [1, 0, 1] else {
      throw .unexpected("an RSA key of another size")
    }
    return .rsa(modulus: Array(modulus), exponent: Array(exponent))
  }

  /// Makes a key pair on P-384 whose private half never leaves the token; its public half.
  package func makeP384Key(id: [UInt8], label: String) throws(PKCS11Error) -> PublicKey {
    let (publicKey, _) = try makePair(
      CKM_EC_KEY_PAIR_GEN,
      // The object identifier of secp384r1, in DER.
      [PKCS11Attribute(CKA_EC_PARAMS, [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22])],
      id: id,
      label: label
    )
    var point = try value(of: CKA_EC_POINT, publicKey)[...]
    // §2.3.3: the DER of an octet string; some modules give the octets alone.
    if point.starts(with: [0x04, 0x61]) { point = point.dropFirst(2) }
    guard point.count == 97, point.first == 0x04 else { throw .unexpected("a point that is not on P-384") }
    return .p384(x: Array(point.dropFirst().prefix(48)), y: Array(point.suffix(48)))
  }

  private func makePair(
    _ mechanism: UInt,
    _ parameters: [PKCS11Attribute],
    id: [UInt8],
    label: String
  ) throws(PKCS11Error) -> (publicKey: ck_object_handle_t, privateKey: ck_object_handle_t) {
    // The public half is kept in the store; here it is an object of this session, read once.
    let publicTemplate =
      parameters + [
        PKCS11Attribute(CKA_TOKEN, false), PKCS11Attribute(CKA_VERIFY, true), PKCS11Attribute(CKA_ID, id),
      ]
    let privateTemplate = [
      PKCS11Attribute(CKA_TOKEN, true), PKCS11Attribute(CKA_PRIVATE, true),
      PKCS11Attribute(CKA_SENSITIVE, true), PKCS11Attribute(CKA_EXTRACTABLE, false),
      PKCS11Attribute(CKA_SIGN, true), PKCS11Attribute(CKA_ID, id), PKCS11Attribute(CKA_LABEL, text: label),
    ]
    var mechanism = ck_mechanism(mechanism: ck_mechanism_type_t(mechanism), parameter: nil, parameter_len: 0)
    var (publicKey, privateKey) = (ck_object_handle_t(), ck_object_handle_t())
    let code = publicTemplate.lent { publicList, publicCount in
      privateTemplate.lent { privateList, privateCount in
        functions.pointee.C_GenerateKeyPair?(
          handle,
          &mechanism,
          publicList,
          publicCount,
          privateList,
          privateCount,
          &publicKey,
          &privateKey
        )
      }
    }
    try check("C_GenerateKeyPair", code)
    guard try value(of: CKA_SENSITIVE, privateKey) == [1], try value(of: CKA_EXTRACTABLE, privateKey) == [0]
    else {
      _ = functions.pointee.C_DestroyObject?(handle, privateKey)
      throw .unexpected("a private key that can be taken out")
    }
    return (publicKey, privateKey)
  }

  /// Destroys the private key `id`, if there is one.
  package func destroyKey(id: [UInt8]) throws(PKCS11Error) {
    for key in try find(privateKey(id)) {
      try check("C_DestroyObject", functions.pointee.C_DestroyObject?(handle, key))
    }
  }

  /// The signature of the private key `id` over `data`, as the mechanism makes it.
  package func sign(_ data: [UInt8], _ mechanism: PKCS11SignatureMechanism, id: [UInt8]) throws(PKCS11Error)
    -> [UInt8]
  {
    let found = try find(privateKey(id))
    guard let key = found.first else { throw .keyNotFound(hexadecimal(id)) }
    guard found.count == 1 else { throw .keyAmbiguous(hexadecimal(id)) }
    var mechanism = ck_mechanism(mechanism: mechanism.type, parameter: nil, parameter_len: 0)
    try check("C_SignInit", functions.pointee.C_SignInit?(handle, &mechanism, key))
    var data = data
    var signature = [UInt8](repeating: 0, count: 1024)
    var count = UInt(signature.count)
    try check("C_Sign", functions.pointee.C_Sign?(handle, &data, UInt(data.count), &signature, &count))
    return Array(signature.prefix(Int(count)))
  }

  private func privateKey(_ id: [UInt8]) -> [PKCS11Attribute] {
    [PKCS11Attribute(CKA_CLASS, number: UInt(CKO_PRIVATE_KEY)), PKCS11Attribute(CKA_ID, id)]
  }

  // MARK: A key that wraps

  /// Makes the AES-256 key `label`, which never leaves the token, unless there is one of that name.
  ///
  /// Returns whether it was made.
  package func makeWrappingKey(label: String) throws(PKCS11Error) -> Bool {
    let template = wrappingKey(label)
    guard try find(template).isEmpty else { return false }
    var mechanism = ck_mechanism(
      mechanism: ck_mechanism_type_t(CKM_AES_KEY_GEN),
      parameter: nil,
      parameter_len: 0
    )
    var key = ck_object_handle_t()
    let code =
      (template + [
        PKCS11Attribute(CKA_VALUE_LEN, number: 32), PKCS11Attribute(CKA_TOKEN, true),
        PKCS11Attribute(CKA_PRIVATE, true), PKCS11Attribute(CKA_SENSITIVE, true),
        PKCS11Attribute(CKA_EXTRACTABLE, false), PKCS11Attribute(CKA_ENCRYPT, true),
        PKCS11Attribute(CKA_DECRYPT, true),
      ]).lent { functions.pointee.C_GenerateKey?(handle, &mechanism, $0, $1, &key) }
    try check("C_GenerateKey", code)
    return true
  }

  /// `plaintext` under the AES key `label` with AES-GCM: ciphertext, then a tag of 16 octets.
  package func encrypt(
    _ plaintext: [UInt8],
    nonce: [UInt8],
    associatedData: [UInt8],
    label: String
  ) throws(PKCS11Error) -> [UInt8] {
    let key = try oneWrappingKey(label)
    return try withGCM(nonce, associatedData) { mechanism throws(PKCS11Error) in
      try check("C_EncryptInit", functions.pointee.C_EncryptInit?(handle, mechanism, key))
      var input = plaintext
      var output = [UInt8](repeating: 0, count: plaintext.count + 64)
      var count = UInt(output.count)
      try check("C_Encrypt", functions.pointee.C_Encrypt?(handle, &input, UInt(input.count), &output, &count))
      return Array(output.prefix(Int(count)))
    }
  }

  /// What `encrypt` took; the caller's to wipe.
  package func decrypt(
    _ ciphertext: [UInt8],
    nonce: [UInt8],
    associatedData: [UInt8],
    label: String
  ) throws(PKCS11Error) -> [UInt8] {
    let key = try oneWrappingKey(label)
    return try withGCM(nonce, associatedData) { mechanism throws(PKCS11Error) in
      try check("C_DecryptInit", functions.pointee.C_DecryptInit?(handle, mechanism, key))
      var input = ciphertext
      var output = [UInt8](repeating: 0, count: ciphertext.count + 64)
      defer { output.withUnsafeMutableBytes { wipe($0) } }
      var count = UInt(output.count)
      try check("C_Decrypt", functions.pointee.C_Decrypt?(handle, &input, UInt(input.count), &output, &count))
      return Array(output.prefix(Int(count)))
    }
  }

  private func wrappingKey(_ label: String) -> [PKCS11Attribute] {
    [
      PKCS11Attribute(CKA_CLASS, number: UInt(CKO_SECRET_KEY)),
      PKCS11Attribute(CKA_KEY_TYPE, number: UInt(CKK_AES)),
      PKCS11Attribute(CKA_LABEL, text: label),
    ]
  }

  private func oneWrappingKey(_ label: String) throws(PKCS11Error) -> ck_object_handle_t {
    let found = try find(wrappingKey(label))
    guard let key = found.first else { throw .keyNotFound(label) }
    guard found.count == 1 else { throw .keyAmbiguous(label) }
    // A key that can be taken out protects nothing.
    guard try value(of: CKA_EXTRACTABLE, key) == [0] else {
      throw .unexpected("the key `\(label)` can be taken out of the token")
    }
    return key
  }

  private func withGCM<Value>(
    _ nonce: [UInt8],
    _ associatedData: [UInt8],
    _ body: (UnsafeMutablePointer<ck_mechanism>) throws(PKCS11Error) -> Value
  ) throws(PKCS11Error) -> Value {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: nonce.count + associatedData.count)
    let parameters = UnsafeMutablePointer<ck_gcm_params>.allocate(capacity: 1)
    let mechanism = UnsafeMutablePointer<ck_mechanism>.allocate(capacity: 1)
    defer {
      memory.deallocate()
      parameters.deallocate()
      mechanism.deallocate()
    }
    for (index, octet) in (nonce + associatedData).enumerated() { memory[index] = octet }
    parameters.initialize(
      to: ck_gcm_params(
        iv_ptr: memory,
        iv_len: UInt(nonce.count),
        iv_bits: UInt(nonce.count * 8),
        aad_ptr: memory + nonce.count,
        aad_len: UInt(associatedData.count),
        tag_bits: 128
      )
    )
    mechanism.initialize(
      to: ck_mechanism(
        mechanism: ck_mechanism_type_t(CKM_AES_GCM),
        parameter: parameters,
        parameter_len: UInt(MemoryLayout<ck_gcm_params>.size)
      )
    )
    return try body(mechanism)
  }

  // MARK: Objects

  /// Up to eight objects with these attributes.
  private func find(_ template: [PKCS11Attribute]) throws(PKCS11Error) -> [ck_object_handle_t] {
    try check("C_FindObjectsInit", template.lent { functions.pointee.C_FindObjectsInit?(handle, $0, $1) })
    var found = [ck_object_handle_t](repeating: 0, count: 8)
    var count: UInt = 0
    let code = functions.pointee.C_FindObjects?(handle, &found, UInt(found.count), &count)
    _ = functions.pointee.C_FindObjectsFinal?(handle)
    try check("C_FindObjects", code)
    return Array(found.prefix(Int(count)))
  }

  private func value(of type: UInt, _ object: ck_object_handle_t) throws(PKCS11Error) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: 1024)
    var count: UInt = 0
    let code: ck_rv_t? = octets.withUnsafeMutableBytes { buffer in
      var attribute = ck_attribute(
        type: ck_attribute_type_t(type),
        value: buffer.baseAddress,
        value_len: UInt(buffer.count)
      )
      defer { count = attribute.value_len }
      return functions.pointee.C_GetAttributeValue?(handle, object, &attribute, 1)
    }
    try check("C_GetAttributeValue", code)
    guard count <= UInt(octets.count) else { throw .unexpected("an attribute without a value") }
    return Array(octets.prefix(Int(count)))
  }

  private func check(_ function: String, _ code: ck_rv_t?) throws(PKCS11Error) {
    let code = code ?? CKR_FUNCTION_NOT_SUPPORTED
    guard code == CKR_OK else { throw .call(function: function, code: UInt(code)) }
  }
}

/// How a token signs.
package enum PKCS11SignatureMechanism: Sendable {
  /// RSASSA-PKCS1-v1_5 over the SHA-256 of the data, hashed in the token.
  case sha256RSA
  /// RSASSA-PKCS1-v1_5 over the SHA-384 of the data, hashed in the token.
  case sha384RSA
  /// ECDSA over the data, which is a hash already; R followed by S.
  case ecdsa

  fileprivate var type: ck_mechanism_type_t {
    switch self {
    case .sha256RSA: ck_mechanism_type_t(CKM_SHA256_RSA_PKCS)
    case .sha384RSA: ck_mechanism_type_t(CKM_SHA384_RSA_PKCS)
    case .ecdsa: ck_mechanism_type_t(CKM_ECDSA)
    }
  }
}

private func hexadecimal(_ octets: [UInt8]) -> String {
  octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
