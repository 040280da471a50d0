/** What the console says of passkeys: how they are made, what is done with them, and what they sign. */
export interface PasskeyWords {
  what: string;
  signIn: string;
  none: string;
  known: string;
  elsewhere: string;
  decidesNothing: string;
  make: string;
  script: string;
  givenUp: string;
  isKnown: string;
  failed: string;
  refused: string;
  made: string;
  toConfirm: string;
  fingerprint: string;
  send: string;
  confirm: string;
  start: string;
  download: string;
  toSign: string;
  sign: string;
  signInInstead: string;
  notSigned: string;
  signingGivenUp: string;
  deployment: string;
}

export const ENGLISH_PASSKEYS: PasskeyWords = {
  what: 'With a passkey your own device signs what you decide, and no provider has to say that it was you.',
  signIn: 'A passkey is made by who has signed in.',
  none: 'The policy has no passkey of yours.',
  known: 'By these you sign already, as the policy has them:',
  elsewhere: 'Passkeys are made and sign on certain pages alone, and this is none of them. These are:',
  decidesNothing: 'Making one decides nothing: it counts when whoever keeps the policy has confirmed it there.',
  make: 'Make a passkey',
  script: 'Passkeys need JavaScript in this browser.',
  givenUp: 'No passkey was made: the device was not asked to the end, or took too long. Try again.',
  isKnown: 'The policy has a passkey of this device already.',
  failed: 'No passkey was made:',
  refused: 'No passkey was made',
  made: 'Your passkey is made, and counts for nothing yet.',
  toConfirm: 'Whoever keeps the policy has to confirm it.',
  fingerprint: 'Its fingerprint',
  send: 'Send the piece below to whoever keeps the policy file.',
  confirm: 'They ask you for the fingerprint in another way than by this piece, add the piece, and see it said by',
  start: 'It counts at workers and consoles that were started with that policy.',
  download: 'Download the piece for the policy',
  toSign: 'To be signed with your passkey',
  sign: 'Sign with my passkey',
  signInInstead: 'Sign in for it instead',
  notSigned: 'It was not signed, and nothing was sent',
  signingGivenUp: 'It was not signed: the device was not asked to the end, or took too long. Try again.',
  deployment: 'Deployment',
};

export const PORTUGUESE_PASSKEYS: PasskeyWords = {
  what: 'Com uma chave de acesso (passkey), o seu próprio dispositivo assina o que você decide, e nenhum provedor precisa dizer que foi você.',
  signIn: 'Uma chave de acesso é criada por quem entrou.',
  none: 'A política não tem nenhuma chave de acesso sua.',
  known: 'Com estas você já assina, como a política as tem:',
  elsewhere: 'Chaves de acesso são criadas e assinam só em certas páginas, e esta não é uma delas. Estas são:',
  decidesNothing: 'Criar uma não decide nada: ela vale quando quem cuida da política a confirmar ali.',
  make: 'Criar uma chave de acesso',
  script: 'Chaves de acesso exigem JavaScript neste navegador.',
  givenUp: 'Nenhuma chave foi criada: o dispositivo não foi consultado até o fim, ou demorou demais. Tente de novo.',
  isKnown: 'A política já tem uma chave de acesso deste dispositivo.',
  failed: 'Nenhuma chave foi criada:',
  refused: 'Nenhuma chave de acesso foi criada',
  made: 'Sua chave de acesso foi criada, e ainda não vale nada.',
  toConfirm: 'Quem cuida da política precisa confirmá-la.',
  fingerprint: 'Sua impressão digital',
  send: 'Envie o trecho abaixo a quem cuida do arquivo da política.',
  confirm:
    'Essa pessoa pede a você a impressão digital por outro meio que não este trecho, acrescenta-o, e a confere com',
  start: 'Ela vale nos workers e consoles iniciados com essa política.',
  download: 'Baixar o trecho para a política',
  toSign: 'A assinar com a sua chave de acesso',
  sign: 'Assinar com a minha chave de acesso',
  signInInstead: 'Em vez disso, entrar de novo',
  notSigned: 'Não foi assinado, e nada foi enviado',
  signingGivenUp: 'Não foi assinado: o dispositivo não foi consultado até o fim, ou demorou demais. Tente de novo.',
  deployment: 'Deploy',
};
